import type { ConfigReader } from '@weir/config'
import { serviceUrl } from '@weir/service'

export interface InboxConfig {
  /** 0: any free port. */
  readonly port: number
  /** 0: any free port. */
  readonly smtpPort: number
  /** The links of the alerter begin with it. */
  readonly alerterUrl: string
}

/** The configuration of the inbox, read from its environment. */
export const config = (reader: ConfigReader): InboxConfig => ({
  port: reader.port('INBOX_PORT', 'The port of the page, and of HTTP subscribers.', 8025),
  smtpPort: reader.port('INBOX_SMTP_PORT', 'The port for e-mails.', 1025),
  alerterUrl: alerterLinks(reader),
})

/** Reads where the links in the alerter's messages lead. */
export function alerterLinks(reader: ConfigReader): string {
  return reader.httpUrl(
    'ALERTER_PUBLIC_URL',
    'Links in messages of the alerter begin with it. If not set, its URL.',
    serviceUrl(reader, 'alerter'),
  )
}
