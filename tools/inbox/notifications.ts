/** Notifications of SNS over HTTP: confirms subscriptions, and makes messages of the rest. */
import { HttpError, type Logger, shapeOfJson } from '@weir/service'
import { confirm, confirmationIn } from './confirmation.ts'
import type { Messages, NewMessage } from './messages.ts'

export interface NotificationOptions {
  readonly messages: Messages
  readonly alerterUrl: string
  readonly log: Logger
}

type Fields = Readonly<Record<string, unknown>>

/** An envelope has one level with a dozen names, and one with attributes below it. */
const MAX_DEPTH = 8
const MAX_VALUES = 2000

/** Takes what was sent to a subscriber. Rejects with an HttpError if it is nothing that SNS sends. */
export async function takeNotification(
  name: string,
  body: Buffer,
  { messages, alerterUrl, log }: NotificationOptions,
): Promise<void> {
  const fields = fieldsIn(body)
  switch (fields.Type) {
    case 'SubscriptionConfirmation':
      await confirmSubscription(name, fields, alerterUrl)
      log.info(`confirmed the subscription of ${name} to ${topicIn(fields)}`)
      return
    case 'Notification':
    case 'UnsubscribeConfirmation':
      messages.add(messageOf(name, fields))
      return
    default:
      throw refused('The field Type is none that SNS sends.')
  }
}

function fieldsIn(body: Buffer): Fields {
  const { depth, values } = shapeOfJson(body, 0, body.length)
  if (depth > MAX_DEPTH || values > MAX_VALUES) throw refused('The body has more parts than SNS sends.')
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw refused('The body is not JSON; subscribe without raw message delivery.')
  }
  if (typeof value !== 'object' || value === null) throw refused('The body is not a JSON object.')
  return value as Fields
}

async function confirmSubscription(name: string, fields: Fields, alerterUrl: string): Promise<void> {
  const confirmation = confirmationIn(textOf(fields, 'SubscribeURL'), alerterUrl)
  if (confirmation === undefined)
    throw new HttpError(
      403,
      'foreign-link',
      `The SubscribeURL is not a confirmation at ${alerterUrl}, so ${name} did not open it; set ALERTER_PUBLIC_URL for the inbox too if the alerter is elsewhere.`,
    )
  await confirm(confirmation).catch(({ message }: Error) => {
    throw new HttpError(502, 'not-confirmed', message)
  })
}

function messageOf(name: string, fields: Fields): NewMessage {
  const isNotification = fields.Type === 'Notification'
  return {
    how: 'HTTP',
    from: topicIn(fields),
    to: [name],
    subject: textOf(fields, 'Subject') || (isNotification ? '' : 'The subscription has ended'),
    text: textOf(fields, 'Message'),
  }
}

/** The name of the topic, which the end of its ARN is. */
const topicIn = (fields: Fields): string => textOf(fields, 'TopicArn').split(':').at(-1)!

function textOf(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

const refused = (sentence: string): HttpError => new HttpError(400, 'not-a-notification', sentence)
