/** Messages of mobile push, through the gateway of the configuration. */
import { platformEndpointIn } from '../../notifications/mobile-arns.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import { type Envelopes, shownAttributes, textFor } from '../envelope.ts'
import { type GatewayConfig, gatewayReceiver } from './gateway.ts'
import type { Receiver } from './receiver.ts'

export interface PushReceiverOptions {
  readonly config: GatewayConfig | undefined
  readonly notifications: Notifications
  readonly envelopes: Envelopes
}

export function pushReceiver({ config, notifications, envelopes }: PushReceiverOptions): Receiver {
  const { endpoints } = notifications.mobile
  return gatewayReceiver({
    config,
    setting: 'ALERTER_PUSH_GATEWAY_URL',
    requestFor({ message: { value }, topic, subscription: { endpoint: endpointArn } }) {
      const endpoint = endpoints.get(platformEndpointIn(endpointArn)?.id ?? '')
      if (endpoint === undefined)
        return { verdict: 'dead', status: 'no-endpoint', text: 'The endpoint does not exist.' }
      if (endpoint.attributes.Enabled !== 'true')
        return { verdict: 'dead', status: 'disabled', text: 'The endpoint is disabled.' }
      const [platform, application] = endpoint.application.split('/')
      return {
        type: 'push',
        messageId: value.messageId,
        topicArn: topic.name === '' ? null : envelopes.topicArn(topic),
        endpointArn,
        platform,
        application,
        token: endpoint.attributes.Token,
        customUserData: endpoint.attributes.CustomUserData ?? null,
        subject: value.subject,
        message: textFor(value, platform),
        attributes: shownAttributes(value) ?? {},
        publishedAt: new Date(value.publishedAt).toISOString(),
      }
    },
    gone: (endpointArn) =>
      notifications.change(() => {
        const endpoint = endpoints.get(platformEndpointIn(endpointArn)?.id ?? '')
        if (endpoint === undefined) return []
        const attributes = { ...endpoint.attributes, Enabled: 'false' }
        return [{ kind: 'platform-endpoint', id: endpoint.id, value: { ...endpoint, attributes } }]
      }),
  })
}
