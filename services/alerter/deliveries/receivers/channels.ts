/** The servers of the configuration through which some protocols send messages. */
import type { ConfigReader } from '@weir/config'
import type { ProtocolName } from '../../notifications/entries.ts'
import { type GatewayConfig, gatewaysConfig } from './gateway.ts'
import { type MailConfig, mailConfig } from './mail/config.ts'

/** Undefined: no such server is configured. */
export interface Channels {
  readonly mail: MailConfig | undefined
  readonly sms: GatewayConfig | undefined
  readonly push: GatewayConfig | undefined
}

export function channelsConfig(reader: ConfigReader): Channels {
  return { mail: mailConfig(reader), ...gatewaysConfig(reader) }
}

/** Why a protocol cannot be used; all others can. */
export type Unavailable = Readonly<Partial<Record<ProtocolName, string>>>

const NO_MAIL = 'No SMTP server is configured; the operator can set ALERTER_SMTP_URL and ALERTER_MAIL_FROM.'
const NO_SMS = 'No gateway for SMS is configured; the operator can set ALERTER_SMS_GATEWAY_URL.'
const NO_PUSH = 'No gateway for mobile push is configured; the operator can set ALERTER_PUSH_GATEWAY_URL.'

export function unavailableProtocols({ mail, sms, push }: Channels): Unavailable {
  return {
    ...(mail === undefined ? { email: NO_MAIL, 'email-json': NO_MAIL } : {}),
    ...(sms === undefined ? { sms: NO_SMS } : {}),
    ...(push === undefined ? { application: NO_PUSH } : {}),
  }
}
