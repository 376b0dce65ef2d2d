/** The texts of e-mails: plain text for people, or the envelope for programs (email-json). */
import { htmlIn } from '../../../incidents/texts.ts'
import type { Delivery, StoredMessage } from '../../delivery.ts'
import { type Envelopes, textFor } from '../../envelope.ts'

export interface MailText {
  readonly subject: string
  readonly text: string
  /** The same for people who want it formatted; undefined: there is none. */
  readonly html: string | undefined
  /** The link that ends the subscription; undefined before it is confirmed. */
  readonly unsubscribeUrl: string | undefined
}

/** SNS's subjects, by which receivers may sort their e-mails. */
const CONFIRMATION_SUBJECT = 'AWS Notification - Subscription Confirmation'
const END_SUBJECT = 'AWS Notification - Unsubscribe Confirmation'
const DEFAULT_SUBJECT = 'AWS Notification Message'

export async function mailText(delivery: Delivery, envelopes: Envelopes): Promise<MailText> {
  const { message, subscription } = delivery
  const isJson = subscription.protocol === 'email-json'
  if (message === undefined) {
    const isEnd = subscription.endedAt !== undefined
    const textOf = isEnd ? endText : confirmationText
    const text = isJson
      ? JSON.stringify(await envelopes.confirmation(delivery), null, 2)
      : textOf(delivery, envelopes)
    const subject = isEnd ? END_SUBJECT : CONFIRMATION_SUBJECT
    return { subject, text, html: undefined, unsubscribeUrl: undefined }
  }
  const unsubscribeUrl = envelopes.unsubscribeUrl(delivery)
  const text = isJson
    ? JSON.stringify(await envelopes.notification({ ...delivery, message }), null, 2)
    : notificationText(message, unsubscribeUrl)
  const html = isJson ? undefined : htmlIn(message.value)
  return { subject: message.value.subject ?? DEFAULT_SUBJECT, text, html, unsubscribeUrl }
}

function confirmationText(delivery: Delivery, envelopes: Envelopes): string {
  return `You have chosen to subscribe to the topic:
${envelopes.topicArn(delivery.topic)}

To confirm this subscription, open this link:
${envelopes.subscribeUrl(delivery)}

If you did not ask for it, ignore this e-mail: without the link nothing more is sent.
`
}

function endText(delivery: Delivery, envelopes: Envelopes): string {
  return `Your subscription to this topic has ended:
${envelopes.topicArn(delivery.topic)}

If you want to go on, open this link within two days:
${envelopes.subscribeUrl(delivery)}
`
}

function notificationText({ value }: StoredMessage, unsubscribeUrl: string): string {
  return `${textFor(value, 'email')}

--
To stop notifications from this topic, open this link:
${unsubscribeUrl}
`
}

/** The name beside the address that an e-mail comes from. */
export function senderName({ name, attributes }: Delivery['topic']): string {
  return attributes.DisplayName || name
}
