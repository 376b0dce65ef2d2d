/** One request and its answer, whatever protocol of AWS they are in: bodies within bounds, who signed, the headers of every answer, CORS. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { AwsAccess, AwsClient } from './access-keys.ts'
import { announcedBytes, readBody, UNBOUNDED, type Admission, type Body } from './body.ts'
import { AwsError, internalFailure, overloaded } from './errors.ts'
import { isSigned } from './sigv4/claim.ts'
import { signatureVerifier } from './sigv4/verify.ts'

export interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly requestId: string
  /** Of the answer, whatever it is. */
  readonly headers: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
  /** Undefined: none. */
  readonly contentType: string | undefined
  /** Undefined where it is no error. */
  readonly errorType?: string
  /** Beside those of every answer. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface Bounds {
  /** The longest body. */
  readonly bodyBytes: number
  /** Bounds all bodies together; a request that finds no place is answered 503. */
  readonly admission?: Admission
  /** Called when a body is done with. */
  readonly afterBody?: () => void
}

export interface ExchangeOptions extends Bounds {
  /** Bounds that hold for this request in place of the others. */
  readonly boundsOf?: (request: FastifyRequest) => Omit<Bounds, 'afterBody'> | undefined
  /** Resolves with undefined where the answer is given already. */
  answer(exchange: Exchange, body: Body): Promise<Answer | undefined>
  /** For what went wrong before or outside of `answer`. */
  refused(error: AwsError, request: FastifyRequest): Answer
}

export interface Sender {
  readonly client: AwsClient
  readonly signedRegion: string
}

export const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const NOTHING: Answer = { status: 200, body: Buffer.alloc(0), contentType: undefined }
/** Seconds for which browsers keep the answer to a preflight. */
const PREFLIGHT_SECONDS = '172800'
const EXPOSED = 'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date'
/** Bytes, as many as Kinesis' ids have. */
const ID_2_LENGTH = 72

/** A hook that answers before Fastify looks at the body's type: AWS has its own answers to that. */
export function exchange(
  { afterBody = () => {}, boundsOf = () => undefined, answer, refused, ...common }: ExchangeOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    reply.hijack()
    const requestId = randomUUID()
    const headers = headersOf(request, requestId)
    if (request.method === 'OPTIONS' && request.headers.origin !== undefined) return send(reply, headers, NOTHING)
    const { bodyBytes, admission = UNBOUNDED } = boundsOf(request) ?? common
    const lease = admission.admit(Math.min(announcedBytes(request.raw), bodyBytes))
    try {
      if (lease === undefined) throw overloaded()
      const body = await readBody(request.raw, bodyBytes, lease)
      const given = body === undefined ? undefined : await answer({ request, reply, requestId, headers }, body)
      if (given !== undefined) send(reply, headers, given)
    } catch (error) {
      request.raw.resume()
      if (!(error instanceof AwsError)) request.log.error({ err: error, requestId }, 'a request failed inside')
      send(reply, headers, refused(error instanceof AwsError ? error : internalFailure(), request))
    } finally {
      lease?.release()
      afterBody()
    }
  }
}

/** Who sent a request to the service (kinesis). Throws AwsErrors for what is not signed as it should be. */
export function senders(access: AwsAccess, region: string): (request: FastifyRequest, body: Buffer, service: string) => Sender {
  const verify = signatureVerifier((accessKeyId) => access.client(accessKeyId))
  return (request, body, service) => {
    const signed = { method: request.method, url: request.url, rawHeaders: request.raw.rawHeaders }
    if (access.anonymous !== undefined && !isSigned(signed)) return { client: access.anonymous, signedRegion: region }
    const { credential, region: signedRegion } = verify(signed, body, service)
    return { client: credential, signedRegion }
  }
}

export function contentTypeOf({ headers }: FastifyRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0].trim()
}

function headersOf({ method, headers: { origin, ...asked } }: FastifyRequest, requestId: string): Record<string, string> {
  const headers: Record<string, string> = { 'x-amzn-RequestId': requestId }
  if (origin !== undefined) headers['access-control-allow-origin'] = '*'
  if (origin === undefined || method !== 'OPTIONS') {
    headers['x-amz-id-2'] = randomBytes(ID_2_LENGTH).toString('base64')
    if (origin !== undefined) headers['access-control-expose-headers'] = EXPOSED
    return headers
  }
  headers['access-control-max-age'] = PREFLIGHT_SECONDS
  for (const what of ['headers', 'method'] as const) {
    const value = asked[`access-control-request-${what}`]
    if (typeof value === 'string') headers[`access-control-allow-${what === 'method' ? 'methods' : what}`] = value
  }
  return headers
}

function send({ raw }: FastifyReply, common: Readonly<Record<string, string>>, { status, body, contentType, errorType, headers }: Answer): void {
  if (raw.headersSent) raw.destroy()
  if (raw.destroyed) return
  const all: Record<string, string | number> = { ...common, ...headers }
  if (status !== 204) all['content-length'] = body.length
  if (contentType !== undefined) all['content-type'] = contentType
  if (errorType !== undefined) all['x-amzn-ErrorType'] = errorType
  raw.writeHead(status, all)
  raw.end(body)
}
