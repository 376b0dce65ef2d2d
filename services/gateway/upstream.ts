/** A service behind the gateway: requests are passed on to it, and its answers back, as their bytes arrive. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Counter, type Logger, limitReading, metrics, type Resource } from '@weir/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Pool } from 'undici'
import { answerHeaders, requestHeaders } from './headers.ts'

/** Why a service did not answer: nothing listens there, or it was silent, or the connection broke. */
type Reason = 'down' | 'silent' | 'broken'

export class Unanswered extends Error {
  override readonly name = 'Unanswered'
  readonly reason: Reason

  constructor(reason: Reason, cause: unknown) {
    super(`A service is ${reason}.`, { cause })
    this.reason = reason
  }
}

export interface Upstream {
  readonly name: string
  /**
   * Passes the request on, and the answer back. Resolves when the answer has ended or its client has
   * disconnected. Rejects with Unanswered if there is no answer, and the client has got nothing then.
   * @param body in place of the request's own, which was read already
   * @param answerMs the time until the service must begin its answer
   */
  forward(request: FastifyRequest, reply: FastifyReply, answerMs: number, body?: Buffer): Promise<void>
}

const CONNECT_MS = 3000
/** Services close a connection that was idle for 72 s. The gateway does so first. */
const IDLE_MS = 30_000
/** Streams of events have one every few seconds. */
const BETWEEN_CHUNKS_MS = 60_000
/** The bytes that wait in each direction while the other side is slow. */
const WAITING_BYTES = 16 << 10

/** The codes of errors by which undici refuses to send a request. */
const REFUSED = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])
/** The codes of errors before there was a connection. */
const NOT_CONNECTED = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
])

const unanswered = new Counter({
  name: 'weir_gateway_unanswered_total',
  help: 'Requests that did not get a complete answer from the service: it was down or silent, or the connection broke.',
  labelNames: ['service', 'reason'],
  registers: [metrics],
})

export function openUpstream(
  { name, url }: { readonly name: string; readonly url: string },
  log: Logger,
): Resource<Upstream> {
  const pool = new Pool(new URL(url).origin, {
    pipelining: 1,
    connect: { timeout: CONNECT_MS },
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    bodyTimeout: BETWEEN_CHUNKS_MS,
  })
  let answers = true

  /** Notes whether the service answers, and logs when that changes. */
  const note = (error?: Unanswered): void => {
    if (error !== undefined) unanswered.inc({ service: name, reason: error.reason })
    if (answers === (error === undefined)) return
    answers = error === undefined
    if (answers) log.info(`${name} answers again`)
    else log.warn({ err: error?.cause }, `${name} does not answer at ${url}`)
  }

  return {
    value: {
      name,
      async forward(request, reply, answerMs, body) {
        const gone = new AbortController()
        reply.raw.once('close', () => gone.abort())
        let answer: Answer
        try {
          const options = {
            method: request.method as 'GET',
            path: request.url,
            headers: requestHeaders(request.raw.rawHeaders, request.raw.httpVersion),
            body: body ?? bodyOf(request.raw),
            headersTimeout: answerMs,
            highWaterMark: WAITING_BYTES,
            // The types of undici know it by another name.
            responseHeaders: 'raw',
            signal: gone.signal,
          }
          answer = (await pool.request(options)) as unknown as Answer
        } catch (error) {
          request.raw.resume()
          if (gone.signal.aborted) return
          if (REFUSED.has((error as NodeJS.ErrnoException).code ?? '')) throw error
          const failed = new Unanswered(reasonOf(error), error)
          note(failed)
          throw failed
        }
        note()
        try {
          await passBack(request, reply.raw, answer)
        } catch (error) {
          if (!gone.signal.aborted) note(new Unanswered('broken', error))
          cutOff(request.raw, reply.raw)
        }
      },
    },
    stop: () => pool.destroy(),
  }
}

interface Answer {
  readonly statusCode: number
  /** Names and values alternate. */
  readonly headers: readonly string[]
  readonly body: Readable
}

async function passBack(request: FastifyRequest, raw: ServerResponse, answer: Answer): Promise<void> {
  const headers = answerHeaders(answer.headers)
  raw.writeHead(answer.statusCode, headers)
  // An answer without a length is a stream, which limits itself. Its client waits for the head.
  if (headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-length')) limitReading(request)
  else raw.flushHeaders()
  await pipeline(answer.body, raw)
}

/**
 * Returns the body in a stream of its own: undici destroys the stream if the answer comes before the end of
 * the body, and the client must get that answer.
 */
function bodyOf(raw: IncomingMessage): Readable | null {
  if (!hasBody(raw)) return null
  const body = new PassThrough({ highWaterMark: WAITING_BYTES })
  body.on('error', () => {})
  body.once('close', () => raw.resume())
  return raw.pipe(body)
}

function hasBody(raw: IncomingMessage): boolean {
  if (raw.httpVersionMajor === 2) return !(raw as unknown as Http2ServerRequest).stream.endAfterHeaders
  return raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0
}

/** Ends an answer that is not whole so that its client sees that it is not. */
function cutOff(request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersionMajor === 2)
    (request as unknown as Http2ServerRequest).stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}

function reasonOf(error: unknown): Reason {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'silent'
  return NOT_CONNECTED.has(code) ? 'down' : 'broken'
}
