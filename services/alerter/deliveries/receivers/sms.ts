/** Text messages, through the gateway of the configuration. */
import type { Notifications } from '../../notifications/notifications.ts'
import { type Envelopes, shownAttributes, textFor } from '../envelope.ts'
import { type GatewayConfig, gatewayReceiver } from './gateway.ts'
import type { Receiver } from './receiver.ts'

export interface SmsReceiverOptions {
  readonly config: GatewayConfig | undefined
  readonly notifications: Notifications
  readonly envelopes: Envelopes
}

export function smsReceiver({ config, notifications, envelopes }: SmsReceiverOptions): Receiver {
  const { mobile } = notifications
  return gatewayReceiver({
    config,
    setting: 'ALERTER_SMS_GATEWAY_URL',
    requestFor({ message: { value }, topic, subscription: { endpoint } }) {
      const phoneNumber = e164(endpoint)
      if (mobile.optedOut.has(phoneNumber))
        return { verdict: 'dead', status: 'opted-out', text: 'The phone number is opted out.' }
      const own = (name: string): string | undefined =>
        value.attributes.find((attribute) => attribute.name === name)?.text ?? undefined
      const { DefaultSenderID, DefaultSMSType = 'Promotional' } = mobile.smsAttributes
      return {
        type: 'sms',
        messageId: value.messageId,
        topicArn: topic.name === '' ? null : envelopes.topicArn(topic),
        phoneNumber,
        message: textFor(value, 'sms'),
        senderId: own('AWS.SNS.SMS.SenderID') ?? DefaultSenderID ?? null,
        smsType: own('AWS.SNS.SMS.SMSType') ?? DefaultSMSType,
        attributes: shownAttributes(value) ?? {},
        publishedAt: new Date(value.publishedAt).toISOString(),
      }
    },
    gone: (endpoint) => {
      const number = e164(endpoint)
      return notifications.change(() => [
        { kind: 'opted-out', id: number, value: { number, since: Date.now() } },
      ])
    },
  })
}

/** Subscriptions may have numbers with separators. */
const e164 = (written: string): string => `+${written.replaceAll(/\D/g, '')}`
