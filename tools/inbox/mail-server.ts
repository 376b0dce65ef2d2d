/** A mail server that accepts the e-mails to everybody, within bounds. */
import type { AddressInfo } from 'node:net'
import type { Resource } from '@weir/service'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'

export interface MailServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Called once for each e-mail, before its sender is told that it was accepted. */
  readonly accept: (mail: ParsedMail, envelope: SMTPServerSession['envelope']) => void
  /** TLS, passwords and refusals of recipients. */
  readonly server?: Pick<
    SMTPServerOptions,
    'secure' | 'key' | 'cert' | 'authOptional' | 'onAuth' | 'onRcptTo' | 'disabledCommands'
  >
}

type OnData = NonNullable<SMTPServerOptions['onData']>
type OnRcptTo = NonNullable<SMTPServerOptions['onRcptTo']>

const MAX_MAIL_BYTES = 1 << 20
/** RFC 5321, 4.5.3.1.8: servers accept at least 100. */
const MAX_RECIPIENTS = 100
const MAX_CONNECTIONS = 32
const SILENCE_TIMEOUT_MS = 30_000
/** How long open connections may hold up the stop. */
const CLOSE_TIMEOUT_MS = 1000
const MAX_MIME_PARTS = 100
const MAX_HEADER_BYTES = 64 << 10

/** Connections are plain and anonymous, unless the options ask for more. */
export async function openMailServer(
  options: MailServerOptions,
): Promise<Resource<{ readonly port: number }>> {
  const { host, port, accept, server: more = { disabledCommands: ['AUTH', 'STARTTLS'] } } = options
  const server = new SMTPServer({
    ...more,
    size: MAX_MAIL_BYTES,
    maxClients: MAX_CONNECTIONS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    closeTimeout: CLOSE_TIMEOUT_MS,
    disableReverseLookup: true,
    onRcptTo: boundRecipients(more.onRcptTo ?? ((_address, _session, done) => done(null))),
    onData: receive(accept),
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} is taken; stop the program that listens there or choose another port.`, {
      cause: error,
    })
  })
  // A client that is killed in the middle of an e-mail is an error of its connection only.
  server.removeAllListeners('error').on('error', () => {})
  return {
    value: { port: (server.server.address() as AddressInfo).port },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

function boundRecipients(next: OnRcptTo): OnRcptTo {
  return (address, session, done) => {
    if (session.envelope.rcptTo.length < MAX_RECIPIENTS) return next(address, session, done)
    done(refusal(452, `At most ${MAX_RECIPIENTS} recipients are accepted; send the e-mail to others again.`))
  }
}

/** Keeps an e-mail while it is not too long, and discards the rest of one that is. */
function receive(accept: MailServerOptions['accept']): OnData {
  return (stream, { envelope }, done) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => {
      if (stream.sizeExceeded) chunks.length = 0
      else chunks.push(chunk)
    })
    stream.once('error', done)
    stream.once('end', () => {
      if (stream.sizeExceeded) return done(refusal(552, `The e-mail is longer than ${MAX_MAIL_BYTES} bytes.`))
      parse(Buffer.concat(chunks)).then(
        (mail) => {
          accept(mail, envelope)
          done()
        },
        (error: Error) => done(refusal(554, `The e-mail cannot be read (${error.message}).`)),
      )
    })
  }
}

/** Parses what is read here: headers, text and HTML as they came. */
function parse(bytes: Buffer): Promise<ParsedMail> {
  return simpleParser(bytes, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    checksumAlgo: false,
    ignoreEmbedded: true,
    maxHeadSize: MAX_HEADER_BYTES,
    maxChildNodes: MAX_MIME_PARTS,
  })
}

const refusal = (responseCode: number, sentence: string): Error =>
  Object.assign(new Error(sentence), { responseCode })
