/** The configuration of e-mail. */
import type { ConfigReader } from '@weir/config'

export interface MailConfig {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; otherwise by STARTTLS. */
  readonly isSecure: boolean
  readonly credentials: { readonly user: string; readonly pass: string } | undefined
  /** The address that e-mails come from. */
  readonly from: string
}

const URL_DOC =
  'The SMTP server that sends e-mails to subscriptions: smtps://USER:PASSWORD@HOST:465, or smtp://HOST:PORT, which turns to TLS where the server offers it, and must offer it before it gets a password, except on this machine. If not set, subscriptions by e-mail are refused.'
const FROM_DOC = 'The address that e-mails come from.'

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 }
/** RFC 5322's dot-atom as local part, and a host name (RFC 5321, 4.5.3.1). Quoted local parts are left out. */
const ADDRESS =
  /^(?=.{1,254}$)(?=[^@]{1,64}@)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i

export function isMailAddress(text: string): boolean {
  return ADDRESS.test(text)
}

/** Returns undefined if no server is configured. */
export function mailConfig(reader: ConfigReader): MailConfig | undefined {
  const text = reader.secret('ALERTER_SMTP_URL', URL_DOC)
  const from = reader.optional('ALERTER_MAIL_FROM', FROM_DOC)
  if (text === undefined) {
    if (from !== undefined)
      reader.problem('ALERTER_MAIL_FROM is set without ALERTER_SMTP_URL; set both or none.')
    return undefined
  }
  if (from === undefined || !isMailAddress(from)) {
    reader.problem(
      'ALERTER_MAIL_FROM must be an address such as alerts@example.com if ALERTER_SMTP_URL is set.',
    )
    return undefined
  }
  const server = serverIn(text)
  if (server === undefined)
    reader.problem('ALERTER_SMTP_URL must be a URL such as smtps://user:password@mail.example.com:465.')
  return server && { ...server, from }
}

function serverIn(text: string): Omit<MailConfig, 'from'> | undefined {
  const url = URL.parse(text)
  if (url === null || !Object.hasOwn(PORTS, url.protocol) || url.hostname === '') return undefined
  const user = decoded(url.username)
  const pass = decoded(url.password)
  if (user === undefined || pass === undefined) return undefined
  return {
    host: url.hostname.replace(/^\[(.+)\]$/, '$1'),
    port: url.port === '' ? PORTS[url.protocol] : Number(url.port),
    isSecure: url.protocol === 'smtps:',
    credentials: user === '' ? undefined : { user, pass },
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
