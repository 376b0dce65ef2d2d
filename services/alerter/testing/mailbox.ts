/** A mail server that keeps the e-mails of all its users. */
import { readFileSync } from 'node:fs'
import { openMailServer } from '@weir/tools/inbox/mail-server.ts'
import type { ParsedMail } from 'mailparser'

export interface Mailbox {
  readonly port: number
  readonly mails: readonly ParsedMail[]
  /** The recipients that were named so far, those that were refused among them. */
  readonly recipients: readonly string[]
  stop(): Promise<void>
}

export interface MailboxOptions {
  /** PEM with the key and the certificate: TLS from the first byte, with a password. */
  readonly keyFile?: string
  readonly password?: string
  /** Returns a reply code that refuses a recipient; undefined accepts it. */
  readonly refuse?: (recipient: string, earlier: number) => number | undefined
}

export async function startMailbox(options: MailboxOptions = {}): Promise<Mailbox> {
  const { keyFile, password, refuse = () => undefined } = options
  const mails: ParsedMail[] = []
  const recipients: string[] = []
  const pem = keyFile === undefined ? undefined : readFileSync(keyFile)
  const { value, stop } = await openMailServer({
    host: '127.0.0.1',
    port: 0,
    accept: (mail) => mails.push(mail),
    server: {
      ...(pem === undefined ? { disabledCommands: ['STARTTLS'] } : { secure: true, key: pem, cert: pem }),
      authOptional: password === undefined,
      onAuth: ({ username, password: given }, _session, done) =>
        username === 'weir' && given === password
          ? done(null, { user: 'weir' })
          : done(new Error('Wrong password')),
      onRcptTo({ address }, _session, done) {
        const responseCode = refuse(address, recipients.filter((one) => one === address).length)
        recipients.push(address)
        done(responseCode === undefined ? null : Object.assign(new Error('Refused'), { responseCode }))
      },
    },
  })
  return { port: value.port, mails, recipients, stop: async () => stop(0) }
}
