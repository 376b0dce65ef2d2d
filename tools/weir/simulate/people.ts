/** People who subscribe to the notifications of a solution, in the inbox. */
import type { Solution, SubscriptionDefinition } from '@weir/solutions'
import { pause } from '@weir/timing'
import { type Confirmation, confirm, confirmationIn } from '../../inbox/confirmation.ts'
import type { Message } from '../../inbox/messages.ts'
import type { AlertsApi } from '../commands/alerts-api.ts'
import type { InboxSettings } from '../settings.ts'
import { type PersistOptions, persist } from './persist.ts'

export interface PeopleOptions extends PersistOptions {
  /** Without an inbox, nobody subscribes. */
  readonly inbox?: Inbox
}

export interface Inbox extends InboxSettings {
  /** Opens the API of the alerter. */
  readonly alerts: () => Promise<AlertsApi>
}

/** Mailboxes of the inbox. The domain never leaves this machine (RFC 6761). */
const MAIL_DOMAIN = 'inbox.localhost'
const MAIL_TIMEOUT_MS = 30_000
const LOOK_EVERY_MS = 250
const ASK_TIMEOUT_MS = 5_000
/** The place of the ARN of a subscription that is not confirmed. */
const PENDING = 'PendingConfirmation'
const LINK = /https?:\/\/\S+/g

/**
 * Subscribes the people of the solution who are not subscribed yet, each until it succeeds, and confirms
 * subscriptions by e-mail as a person would. The inbox confirms those over HTTP by itself.
 */
export async function subscribePeople(
  { subscriptions = [] }: Solution,
  options: PeopleOptions,
): Promise<void> {
  const { inbox, log, signal } = options
  if (inbox === undefined || subscriptions.length === 0) return
  const api = await inbox.alerts()
  for (const one of subscriptions) {
    if (one.protocol === 'email' && !inbox.getsMail) continue
    await persist(async () => {
      if (await subscribe(one, inbox, api, signal))
        log(`subscribed ${endpointOf(one, inbox)} to the notifications of ${one.topic}`)
    }, options)
  }
}

/** Returns false if the subscription was there. */
async function subscribe(
  one: SubscriptionDefinition,
  inbox: InboxSettings,
  api: AlertsApi,
  signal: AbortSignal,
): Promise<boolean> {
  const { topic, protocol, filterPolicy } = one
  const arn = await api.createTopic(topic)
  const endpoint = endpointOf(one, inbox)
  const there = (await api.subscriptions(arn)).find(
    (row) => row.protocol === protocol && row.endpoint === endpoint,
  )
  if (there !== undefined && there.arn !== PENDING) return false
  const attributes: Record<string, string> =
    filterPolicy === undefined ? {} : { FilterPolicy: JSON.stringify(filterPolicy) }
  // The receiver of a subscription that was not confirmed is asked again.
  await api.subscribe(arn, protocol, endpoint, attributes)
  if (protocol === 'email') await confirmByMail(arn, endpoint, inbox, signal)
  return true
}

function endpointOf({ protocol, name }: SubscriptionDefinition, { url }: InboxSettings): string {
  return protocol === 'email' ? `${name}@${MAIL_DOMAIN}` : `${url}/subscribers/${name}`
}

/** Waits for the e-mail that asks to confirm, and follows its link. */
async function confirmByMail(
  topicArn: string,
  address: string,
  { url, alerterUrl }: InboxSettings,
  signal: AbortSignal,
): Promise<void> {
  for (const deadline = Date.now() + MAIL_TIMEOUT_MS; !signal.aborted; await pause(LOOK_EVERY_MS, signal)) {
    const asked = (await messagesIn(url))
      .filter(({ how, to }) => how === 'e-mail' && to.includes(address))
      .flatMap(({ text }) => confirmationsIn(text, alerterUrl))
      .find((confirmation) => confirmation.topicArn === topicArn)
    if (asked !== undefined) return confirm(asked)
    if (Date.now() > deadline)
      throw new Error(
        `The inbox got no e-mail that asks ${address} to confirm within ${MAIL_TIMEOUT_MS / 1000} s.`,
      )
  }
}

function confirmationsIn(text: string, alerterUrl: string): Confirmation[] {
  return [...text.matchAll(LINK)].flatMap(([link]) => confirmationIn(link, alerterUrl) ?? [])
}

/** Returns the messages of the inbox, newest first. */
async function messagesIn(url: string): Promise<readonly Message[]> {
  const response = await fetch(`${url}/messages`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) }).catch(
    (error: Error) => {
      throw new Error(`The inbox at ${url} does not answer (${error.message}).`, { cause: error })
    },
  )
  if (!response.ok) throw new Error(`The inbox at ${url} answered ${response.status}.`)
  return ((await response.json()) as { messages: Message[] }).messages
}
