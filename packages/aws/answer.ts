/** Writes answers, and the headers that all answers have. */
import { holdLease, limitReading, randomText } from '@weir/service'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'

export interface Answer {
  readonly status: number
  readonly body: Buffer
  /** Undefined if there is no body, or if AWS does not send its type either. */
  readonly contentType: string | undefined
  /** The code of an error, in the protocols that have it in a header. */
  readonly errorType?: string
  /** Headers of this answer only. */
  readonly headers?: Readonly<Record<string, string>>
}

export type Headers = Readonly<Record<string, string>>

/** Browsers keep the answer to a preflight for two days. */
const PREFLIGHT_SECONDS = '172800'
const EXPOSED = 'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date'
/** The length of Kinesis' ids, in bytes. */
const ID_2_LENGTH = 72

/**
 * Returns the headers with the request's ids, and the CORS headers if a web page asks for them.
 * @param isAllowed whether the page may read the answer
 */
export function headersOf(
  { method, headers: asked }: FastifyRequest,
  requestId: string,
  isAllowed: boolean,
): Headers {
  const headers: Record<string, string> = { 'x-amzn-RequestId': requestId }
  const origin = isAllowed ? asked.origin : undefined
  if (origin !== undefined) headers['access-control-allow-origin'] = '*'
  if (origin === undefined || method !== 'OPTIONS') {
    headers['x-amz-id-2'] = randomText(ID_2_LENGTH, 'base64')
    if (origin !== undefined) headers['access-control-expose-headers'] = EXPOSED
    return headers
  }
  headers['access-control-max-age'] = PREFLIGHT_SECONDS
  for (const what of ['headers', 'method'] as const) {
    const value = asked[`access-control-request-${what}`]
    if (typeof value === 'string')
      headers[`access-control-allow-${what === 'method' ? 'methods' : what}`] = value
  }
  return headers
}

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Mounts a route for all methods. `serve` answers in a hook, before Fastify looks at the type of the body: AWS
 * has its own errors for that. The lease of the request lasts until `serve` resolves.
 */
export function answerAll(
  app: FastifyInstance,
  url: string,
  serve: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): void {
  app.route({
    method: METHODS,
    url,
    exposeHeadRoute: false,
    onRequest: (request, reply) => {
      const serving = serve(request, reply)
      holdLease(request, serving)
      return serving
    },
    handler: () => {
      throw new Error('A request bypassed the hook that answers it.')
    },
  })
}

/** Answers a browser that asks whether a page may send a request. */
export function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  common: Headers,
  isAllowed: boolean,
): void {
  const status = isAllowed ? 200 : 403
  send(request, reply, common, { status, body: Buffer.alloc(0), contentType: undefined })
}

/** Writes the answer. Closes the connection if the answer has already begun. */
export function send(
  request: FastifyRequest,
  { raw }: FastifyReply,
  common: Headers,
  { status, body, contentType, errorType, headers }: Answer,
): void {
  if (raw.headersSent) raw.destroy()
  if (raw.destroyed) return
  const all: Record<string, string | number> = { ...common, ...headers }
  if (status !== 204) all['content-length'] = body.length
  if (contentType !== undefined) all['content-type'] = contentType
  if (errorType !== undefined) all['x-amzn-ErrorType'] = errorType
  limitReading(request)
  raw.writeHead(status, all)
  raw.end(body)
}
