/** The servers of the configuration through which some protocols send messages. */
import type { ConfigReader } from '@weir/config'
import type { ProtocolName } from '../../notifications/entries.ts'
import { type MailConfig, mailConfig } from './mail/config.ts'

/** Undefined: no such server is configured. */
export interface Channels {
  readonly mail: MailConfig | undefined
}

export function channelsConfig(reader: ConfigReader): Channels {
  return { mail: mailConfig(reader) }
}

/** Why a protocol cannot be used; all others can. */
export type Unavailable = Readonly<Partial<Record<ProtocolName, string>>>

const NO_MAIL = 'No SMTP server is configured; the operator can set ALERTER_SMTP_URL and ALERTER_MAIL_FROM.'

export function unavailableProtocols({ mail }: Channels): Unavailable {
  return { ...(mail === undefined ? { email: NO_MAIL, 'email-json': NO_MAIL } : {}) }
}
