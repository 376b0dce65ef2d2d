/** The parts of the inbox. */
import { Admission, openHttp, Service } from '@weir/service'
import type { InboxConfig } from './config.ts'
import { openLive } from './live.ts'
import { openMailServer } from './mail-server.ts'
import { messageOf } from './mails.ts'
import { Messages } from './messages.ts'
import { inboxRoutes } from './routes.ts'

const LOOPBACK = '127.0.0.1'
/** Bodies and answers of all requests together. */
const REQUESTS_BYTES = 24 << 20
const MAX_HTTP_CONNECTIONS = 64

export function inbox({ port, smtpPort, alerterUrl }: InboxConfig) {
  const messages = new Messages()
  return Service.named('inbox')
    .with('mail', () =>
      openMailServer({
        host: LOOPBACK,
        port: smtpPort,
        accept: (mail, envelope) => messages.add(messageOf(mail, envelope)),
      }),
    )
    .with('live', () => openLive(messages))
    .with('http', ({ live }, { log }) =>
      openHttp(
        { host: LOOPBACK, port, connections: MAX_HTTP_CONNECTIONS },
        {
          log,
          ready: {},
          admission: new Admission(REQUESTS_BYTES),
          routes: (app) => inboxRoutes(app, { messages, live, alerterUrl, log }),
        },
      ),
    )
}
