/** The routes of the inbox: subscribers over HTTP, messages as JSON, the page. */
import { mountFiles } from '@weir/pages/files.ts'
import {
  BodyRefused,
  HttpError,
  identified,
  isLocalRequest,
  type Logger,
  leaseOf,
  readChunks,
  underPressure,
} from '@weir/service'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LiveList } from './live.ts'
import { cut, type Message, type Messages } from './messages.ts'
import { takeNotification } from './notifications.ts'

export interface RouteOptions {
  readonly messages: Messages
  readonly live: LiveList
  readonly alerterUrl: string
  readonly log: Logger
}

const MAX_BODY_BYTES = 1 << 20
/** The text of a message in the list; its own address has all of it. */
const MAX_LISTED_CHARACTERS = 4000
const NAME = /^[\w.-]{1,64}$/

export async function inboxRoutes(app: FastifyInstance, { live, ...options }: RouteOptions): Promise<void> {
  const { messages } = options
  app.addHook('onRequest', async (request) => {
    if (!isLocalRequest(request))
      throw new HttpError(403, 'not-local', 'Only programs and pages of this machine may use the inbox.')
    if (!identified(request, 'local')) throw underPressure()
  })
  app.get('/messages', (_, reply) =>
    reply.header('cache-control', 'no-store').send({ messages: messages.list().map(listed) }),
  )
  app.get<{ Params: { id: string } }>('/messages/:id', (request, reply) => {
    const message = messages.get(request.params.id)
    if (message === undefined)
      throw new HttpError(404, 'no-such-message', 'There is no such message; the oldest ones are forgotten.')
    return reply.header('cache-control', 'no-store').send(message)
  })
  app.get('/live', { exposeHeadRoute: false }, (request, reply) => live.admit(request, reply))
  // The kit asks for it before it opens the stream again.
  app.get('/session', (_, reply) => reply.code(204).send())
  await app.register(async (scope) => subscriberRoute(scope, options))
  await mountFiles(app, { name: '', folder: new URL('page/', import.meta.url), libraries: {} })
}

/** SNS sends JSON as text/plain, unless a delivery policy names another type. */
function subscriberRoute(app: FastifyInstance, options: Omit<RouteOptions, 'live'>): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (request: FastifyRequest) => bodyOf(request))
  app.post<{ Params: { name: string }; Body: Buffer | undefined }>(
    '/subscribers/:name',
    async ({ params: { name }, body }, reply) => {
      if (!NAME.test(name))
        throw new HttpError(
          400,
          'invalid-name',
          'The name of a subscriber has up to 64 letters, digits, dots and dashes.',
        )
      await takeNotification(name, body ?? Buffer.alloc(0), options)
      return reply.code(204).send()
    },
  )
}

async function bodyOf(request: FastifyRequest): Promise<Buffer> {
  const body = await readChunks(request.raw, MAX_BODY_BYTES, leaseOf(request)).catch((error: unknown) => {
    if (!(error instanceof BodyRefused)) throw error
    throw error.reason === 'no-room'
      ? underPressure()
      : new HttpError(413, 'too-large', `The body is longer than ${MAX_BODY_BYTES} bytes.`)
  })
  if (body === undefined) throw new HttpError(400, 'cut-off', 'The connection closed before the body ended.')
  return Buffer.concat(body.chunks, body.length)
}

const listed = (message: Message): Message => ({
  ...message,
  text: cut(message.text, MAX_LISTED_CHARACTERS),
})
