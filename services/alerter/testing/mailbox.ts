/** A mail server that keeps the e-mails of all its users. */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

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
  const server = new SMTPServer({
    ...(pem === undefined ? { hideSTARTTLS: true } : { secure: true, key: pem, cert: pem }),
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
    onData(stream, _session, done) {
      simpleParser(stream).then((mail) => {
        mails.push(mail)
        done()
      }, done)
    },
  })
  // A service that is killed leaves a connection behind.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    recipients,
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}
