/** The ARNs in requests. Those of other accounts and regions name nothing here. */
import { type Account, type Arn, parseArn, snsTopicArn } from '@weir/aws'
import type { Subscription, Topic } from '../notifications/entries.ts'
import type { Notifications } from '../notifications/notifications.ts'
import { invalidParameter, invalidValue, noSubscription, noTopic } from './errors.ts'
import type { SnsContext } from './sns-api.ts'

const MIN_ELEMENTS = 6
/** TOPIC:ID */
const SUBSCRIPTION = /^([^:]+):([0-9a-f-]{36})$/

/** Returns an ARN of SNS in the region. Throws for all other texts. */
export function checkedArn(text: string, parameter: string, region: string): Arn {
  const elements = text.split(':').length
  if (elements < MIN_ELEMENTS)
    throw invalidValue(parameter, `An ARN must have at least ${MIN_ELEMENTS} elements, not ${elements}`)
  const arn = parseArn(text)
  if (arn?.service !== 'sns' || arn.region !== region) throw invalidParameter(parameter)
  return arn
}

export type SubscriptionName = Pick<Subscription, 'topic' | 'id'>

export class Arns {
  readonly account: Account
  readonly #notifications: Notifications

  constructor(account: Account, notifications: Notifications) {
    this.account = account
    this.#notifications = notifications
  }

  topic(name: string): string {
    return snsTopicArn(this.account, name)
  }

  subscription({ topic, id }: SubscriptionName): string {
    return `${this.topic(topic)}:${id}`
  }

  /** Returns the name in a topic's ARN. */
  topicName(text: string, parameter = 'TopicArn'): string {
    const { accountId, resource } = checkedArn(text, parameter, this.account.region)
    if (accountId !== this.account.accountId) throw noTopic()
    return resource
  }

  /** Returns whether the text is an ARN of a topic here, which need not exist. */
  isTopic(text: string): boolean {
    const arn = parseArn(text)
    const { region, accountId } = this.account
    return arn?.service === 'sns' && arn.region === region && arn.accountId === accountId
  }

  /** Returns the topic of an ARN. Throws NotFoundException if there is none. */
  findTopic(text: string, parameter = 'TopicArn'): Topic {
    return this.#named(this.topicName(text, parameter))
  }

  #named(name: string): Topic {
    const found = this.#notifications.topics.get(name)
    if (found === undefined) throw noTopic()
    return found
  }

  /**
   * Returns the topic of an ARN, if the client may do the operation on it. A topic that is not known here may be
   * new, so this waits for everything that was decided before. Throws AwsErrors.
   */
  async topicFor(text: string, context: SnsContext, parameter?: string): Promise<Topic> {
    const name = this.topicName(text, parameter)
    context.authorize(this.topic(name))
    if (!this.#notifications.topics.has(name)) await this.#notifications.catchUp()
    return this.#named(name)
  }

  /** Returns the names in a subscription's ARN. */
  subscriptionName(text: string): SubscriptionName {
    if (text === '') throw invalidValue('SubscriptionArn', 'no value for required parameter')
    const { accountId, resource } = checkedArn(text, 'SubscriptionArn', this.account.region)
    const [, topic, id] = SUBSCRIPTION.exec(resource) ?? []
    if (topic === undefined) throw invalidParameter('SubscriptionId')
    if (accountId !== this.account.accountId) throw noSubscription()
    return { topic, id }
  }

  /** Returns a subscription. Throws NotFoundException if there is none, or if it is of another topic. */
  findSubscription({ topic: name, id }: SubscriptionName): {
    readonly subscription: Subscription
    readonly topic: Topic
  } {
    const subscription = this.#notifications.subscriptions.get(id)
    const topic = this.#notifications.topics.get(name)
    if (subscription?.topic !== name || topic?.id !== subscription.topicId) throw noSubscription()
    return { subscription, topic }
  }
}
