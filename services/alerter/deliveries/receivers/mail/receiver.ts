/** Subscriptions by e-mail, through the SMTP server of the configuration. */
import type { Transporter } from 'nodemailer'
import type { SMTPPoolSentMessageInfo } from 'nodemailer/lib/smtp-pool'
import type { Answer, Delivery } from '../../delivery.ts'
import type { Envelopes } from '../../envelope.ts'
import { GATEWAY_POLICY } from '../../schedule.ts'
import type { Receiver } from '../receiver.ts'
import type { MailConfig } from './config.ts'
import { mailText, senderName } from './texts.ts'

export interface MailReceiver extends Receiver {
  stop(): Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000
/** The longest silence of the server. */
const SILENCE_TIMEOUT_MS = 30_000
const MAX_CONNECTIONS = 8
/** Servers often limit the e-mails of a connection. */
const MAX_MAILS_PER_CONNECTION = 100
const MAX_RESPONSE_BYTES = 64 << 10
/** Servers on this machine may get a password without TLS. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i

/** @param config undefined: no server is configured, so subscriptions of an earlier configuration wait */
export function mailReceiver(config: MailConfig | undefined, envelopes: Envelopes): MailReceiver {
  let opened: Promise<Transporter<SMTPPoolSentMessageInfo>> | undefined
  const send = async (delivery: Delivery, { from }: MailConfig): Promise<void> => {
    const { subject, text, html, unsubscribeUrl } = await mailText(delivery, envelopes)
    const { topic, subscription, message, messageId } = delivery
    const domain = from.slice(from.lastIndexOf('@') + 1)
    opened ??= openTransport(config!)
    await (await opened).sendMail({
      from: { name: senderName(topic), address: from },
      to: { name: '', address: subscription.endpoint },
      subject,
      text,
      html,
      // A repeated attempt is the same e-mail, which mailboxes may recognize.
      messageId: `<${messageId}.${subscription.id}@${domain}>`,
      date: new Date(message?.value.publishedAt ?? subscription.createdAt),
      headers: { 'Auto-Submitted': 'auto-generated', ...unsubscribeHeaders(unsubscribeUrl) },
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  return {
    async deliver(delivery) {
      if (config === undefined)
        return { verdict: 'retry', status: 'not-configured', text: 'ALERTER_SMTP_URL is not set.' }
      try {
        await send(delivery, config)
        return { verdict: 'delivered', status: '250', text: null }
      } catch (error) {
        return answerOf(error as SmtpError)
      }
    },
    // All e-mails wait for the same server.
    terms: () => ({ policy: GATEWAY_POLICY, maxPerSecond: undefined, lane: 'smtp' }),
    async stop() {
      ;(await opened)?.close()
    },
  }
}

async function openTransport(config: MailConfig): Promise<Transporter<SMTPPoolSentMessageInfo>> {
  const { host, port, isSecure, credentials } = config
  const { createTransport } = await import('nodemailer')
  return createTransport({
    pool: true,
    maxConnections: MAX_CONNECTIONS,
    maxMessages: MAX_MAILS_PER_CONNECTION,
    host,
    port,
    secure: isSecure,
    auth: credentials,
    requireTLS: !isSecure && credentials !== undefined && !LOOPBACK.test(host),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    maxResponseSize: MAX_RESPONSE_BYTES,
  })
}

/** RFC 8058: mail programs send a POST if the person wants no more. */
function unsubscribeHeaders(url: string | undefined): Record<string, string> {
  if (url === undefined) return {}
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
}

interface SmtpError extends Error {
  readonly code?: string
  /** The command that the server refused. */
  readonly command?: string
  readonly responseCode?: number
  readonly response?: string
}

/**
 * Only what the server says about the recipient or the e-mail can be final; refused passwords and senders are
 * faults of the configuration, which pass when it is corrected.
 */
function answerOf({ code = 'ESMTP', command = '', responseCode, response, message }: SmtpError): Answer {
  const isAboutMail = /^(RCPT TO|DATA)/.test(command) && responseCode !== undefined
  return {
    verdict: isAboutMail && responseCode >= 500 ? 'dead' : 'retry',
    status: responseCode === undefined ? code : String(responseCode),
    text: response ?? message,
    isOfRecipient: isAboutMail,
  }
}
