/**
 * One request and its answer, whatever protocol of AWS they are in: bodies within bounds, who signed, the
 * headers of every answer, CORS.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  BodyRefused,
  holdLease,
  identified,
  isFromForeignPage,
  isLocalRequest,
  leaseOf,
  limitReading,
  MAX_UNKNOWN_BODY_BYTES,
  readChunks,
} from '@weir/service'
import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { AwsAccess, AwsClient } from './access-keys.ts'
import { Body } from './body.ts'
import { AwsError, internalFailure, notLocal, overloaded, tooLarge, unrecognizedClient } from './errors.ts'
import { isSigned } from './sigv4/claim.ts'
import { type Claimed, signatureVerifier } from './sigv4/verify.ts'
import { turn } from './turn.ts'

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

export interface ExchangeOptions {
  /** The longest body of the request. */
  bodyBytes(request: FastifyRequest): number
  /** Who the request says that it is from. */
  head(request: FastifyRequest): Head
  /** Whether pages from anywhere may send requests and read the answers, as at AWS. */
  foreignPages(): boolean
  /** Resolves with undefined if the answer is given already. */
  answer(exchange: Exchange, body: Body, head: Head): Promise<Answer | undefined>
  /** For what went wrong before or outside of `answer`. */
  refused(error: AwsError, request: FastifyRequest): Answer
  /** Called when a body is done with. */
  readonly afterBody?: () => void
}

/**
 * What the head of a request says about its sender: an unsigned one that is welcome, a claim to be checked
 * with the body, or what is wrong with it.
 */
export type Head =
  | { readonly client: AwsClient; readonly claimed?: Claimed<AwsClient> }
  | { readonly client: undefined; readonly error: AwsError }

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

/** Smaller answers are part of what each request takes. */
const SMALL_ANSWER_BYTES = 16 << 10
/** Checking and parsing a longer body takes more than about ten milliseconds. */
const LONG_BODY_BYTES = 1 << 20

/** A hook that answers before Fastify looks at the body's type: AWS has its own answers to that. */
export function exchange(
  options: ExchangeOptions,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const { answer, refused, foreignPages, afterBody = () => {} } = options
  return (request, reply) => {
    const answering = exchanged(request, reply)
    holdLease(request, answering)
    return answering
  }

  async function exchanged(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.hijack()
    const requestId = randomUUID()
    const welcome = foreignPages() || !isFromForeignPage(request.headers)
    const headers = headersOf(request, requestId, welcome)
    if (request.method === 'OPTIONS' && request.headers.origin !== undefined) {
      return send(request, reply, headers, welcome ? NOTHING : { ...NOTHING, status: 403 })
    }
    try {
      const head = options.head(request)
      const body = await bodyOf(request, head, options.bodyBytes(request))
      if (body !== undefined && body.length > LONG_BODY_BYTES) await turn()
      const given =
        body === undefined ? undefined : await answer({ request, reply, requestId, headers }, body, head)
      if (given !== undefined) sendWithin(given)
    } catch (error) {
      request.raw.resume()
      if (!(error instanceof AwsError))
        request.log.error({ err: error, requestId }, 'a request failed inside')
      send(request, reply, headers, refused(error instanceof AwsError ? error : internalFailure(), request))
    } finally {
      afterBody()
    }

    function sendWithin(given: Answer): void {
      const { length } = given.body
      if (length > SMALL_ANSWER_BYTES && !leaseOf(request).cover(length)) throw overloaded()
      send(request, reply, headers, given)
    }
  }
}

/**
 * The body; undefined if the client has gone before its end. A client that has not shown a known access key
 * sends a short one, or hears what is wrong with its head: what else AWS would find wrong is told of short
 * bodies only.
 */
async function bodyOf(request: FastifyRequest, head: Head, maxBytes: number): Promise<Body | undefined> {
  if (head.client !== undefined && !identified(request, head.client.name)) throw overloaded()
  try {
    const chunks = await readChunks(
      request.raw,
      head.client === undefined ? Math.min(maxBytes, MAX_UNKNOWN_BODY_BYTES) : maxBytes,
      leaseOf(request),
    )
    return chunks && new Body(chunks)
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error
    if (error.reason === 'no-room') throw overloaded()
    throw head.client === undefined ? head.error : tooLarge()
  }
}

export interface Senders {
  /** What the head of a request to the service (kinesis) says. */
  head(request: FastifyRequest, service: string): Head
  /**
   * Who sent the request, when its signature is checked as well. Throws AwsErrors for what is not signed as
   * it should be.
   */
  sender(head: Head, body: Buffer, service: string): Sender
}

export function senders(access: AwsAccess, region: string): Senders {
  const { claim, verify } = signatureVerifier((accessKeyId) => access.client(accessKeyId))
  const headOf = (request: FastifyRequest, service: string): Head & { client: AwsClient } => {
    const signed = { method: request.method, url: request.url, rawHeaders: request.raw.rawHeaders }
    if (access.anonymous !== undefined && !isSigned(signed)) return { client: access.anonymous }
    const claimed = claim(signed, service)
    return { client: claimed.credential, claimed }
  }
  return {
    head(request, service) {
      try {
        const head = headOf(request, service)
        return head.client.localOnly && !isLocalRequest(request)
          ? { client: undefined, error: notLocal() }
          : head
      } catch (error) {
        if (error instanceof AwsError) return { client: undefined, error }
        throw error
      }
    },
    sender(head, body, service) {
      if (head.client === undefined) throw head.error
      if (head.claimed === undefined) return { client: head.client, signedRegion: region }
      const signedRegion = verify(head.claimed, body, service).region
      // The body may have taken a while: what counts are the rights that the access key has now.
      const client = access.client(head.client.name)
      if (client === undefined || client.secret !== head.client.secret) throw unrecognizedClient()
      return { client, signedRegion }
    },
  }
}

export function contentTypeOf({ headers }: FastifyRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0].trim()
}

/** @param shared whether the page that sent the request may read the answer */
function headersOf(
  { method, headers: { origin: from, ...asked } }: FastifyRequest,
  requestId: string,
  shared: boolean,
): Record<string, string> {
  const headers: Record<string, string> = { 'x-amzn-RequestId': requestId }
  const origin = shared ? from : undefined
  if (origin !== undefined) headers['access-control-allow-origin'] = '*'
  if (origin === undefined || method !== 'OPTIONS') {
    headers['x-amz-id-2'] = randomBytes(ID_2_LENGTH).toString('base64')
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

function send(
  request: FastifyRequest,
  { raw }: FastifyReply,
  common: Readonly<Record<string, string>>,
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
