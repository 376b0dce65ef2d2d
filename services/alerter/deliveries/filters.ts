/** Filter policies: whether a message is for a subscription. */
import { type FilterPolicy, type MessageAttributes, parseFilterPolicy, Work } from '@weir/patterns'
import { Counter, type Logger, metrics } from '@weir/service'
import type { Subscription } from '../notifications/entries.ts'
import type { StoredMessage } from './delivery.ts'

const undecided = new Counter({
  name: 'weir_notification_filters_undecided_total',
  help: 'Messages that a subscription did not get because its filter policy could not be evaluated on them.',
  registers: [metrics],
})

/** A message as filter policies see it. All policies of its topic share the limit of work. */
interface Filtered {
  readonly work: Work
  readonly attributes: MessageAttributes
  /** Undefined if the message is not JSON. */
  readonly body: () => unknown
}

export class Filters {
  readonly #log: Logger
  readonly #policies = new WeakMap<Subscription, FilterPolicy | null>()
  readonly #messages = new WeakMap<StoredMessage, Filtered>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** A policy that cannot be evaluated concerns its own subscription only: the others get the message. */
  accepts(subscription: Subscription, message: StoredMessage): boolean {
    try {
      return this.#matches(subscription, message)
    } catch (error) {
      undecided.inc()
      this.#log.warn(
        { err: error, subscription: subscription.id, messageId: message.value.messageId },
        'a filter policy could not be evaluated on a message, which the subscription does not get',
      )
      return false
    }
  }

  /** Throws TooMuchWork, and a FilterPolicyError for a stored policy that this version does not accept. */
  #matches(subscription: Subscription, message: StoredMessage): boolean {
    const policy = this.#policyOf(subscription)
    if (policy === null) return true
    const { work, attributes, body } = this.#filtered(message)
    return policy.scope === 'MessageBody'
      ? policy.matchesBody(body(), work)
      : policy.matchesAttributes(attributes, work)
  }

  #policyOf(subscription: Subscription): FilterPolicy | null {
    let policy = this.#policies.get(subscription)
    if (policy === undefined) {
      const { FilterPolicy: text, FilterPolicyScope: scope } = subscription.attributes
      policy = text ? parseFilterPolicy(text, scope === 'MessageBody' ? scope : 'MessageAttributes') : null
      this.#policies.set(subscription, policy)
    }
    return policy
  }

  #filtered(message: StoredMessage): Filtered {
    let filtered = this.#messages.get(message)
    if (filtered === undefined) {
      const attributes = Object.fromEntries(
        message.value.attributes.map(({ name, type, text, bytes }) => [
          name,
          { DataType: type, StringValue: text ?? undefined, BinaryValue: bytes ?? undefined },
        ]),
      )
      filtered = { work: new Work(true), attributes, body: parsedOnce(message.value.message) }
      this.#messages.set(message, filtered)
    }
    return filtered
  }
}

function parsedOnce(text: string): () => unknown {
  let parsed: { readonly value: unknown } | undefined
  return () => {
    if (parsed === undefined) {
      try {
        parsed = { value: JSON.parse(text) }
      } catch {
        parsed = { value: undefined }
      }
    }
    return parsed.value
  }
}
