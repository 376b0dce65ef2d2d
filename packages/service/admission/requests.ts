/**
 * Gives each request a lease of memory and a place on its connection, from its headers until its answer is
 * written.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { announcedBytes, BodyRefused, readChunks } from '../body.ts'
import { HttpError } from '../errors.ts'
import { type Admission, type Lease, MAX_UNKNOWN_BODY_BYTES } from './admission.ts'
import type { Connection, Connections } from './connections.ts'
import { shapeOfJson } from './json-shape.ts'
import { isLocal } from './local.ts'

export interface RequestBounds {
  readonly admission: Admission
  readonly connections: Connections
  connectionOf(request: IncomingMessage): Connection
  /** An answer that the client has not read to its end after this time is cut off. */
  readonly answerMs: number
  /** The names by which neighbouring containers know the service. */
  readonly names: readonly string[]
}

interface Admitted {
  readonly lease: Lease
  readonly connection: Connection
  readonly connections: Connections
  readonly names: readonly string[]
  readonly response: ServerResponse
  /** The requests of this server whose answers are being written, in the order in which the answers began. */
  readonly answering: Set<Admitted>
  answerBegan: number
  /**
   * The number of things that hold the lease: the answer until it is closed, and each piece of work until it
   * ends.
   */
  holders: number
}

/** Bounds of the JSON that is parsed for routes. A route that accepts larger JSON reads its body itself. */
const JSON_LIMITS = { depth: 32, values: 10_000, names: 1000 }
/** Answers up to this size are included in the fixed cost of a request. */
const SMALL_ANSWER_BYTES = 16 << 10

/** How often to look for answers that are not being read. */
const LOOK_MS = 2000

/**
 * Kept on the request itself: young collections keep all values of a WeakMap alive, and with each value its
 * request and body.
 */
const ADMITTED = Symbol('admitted')

declare module 'fastify' {
  interface FastifyRequest {
    [ADMITTED]: Admitted | undefined
  }
}

function admittedOf(request: FastifyRequest): Admitted {
  const found = request[ADMITTED]
  if (found === undefined)
    throw new Error('The request belongs to another server; pass one that openHttp serves.')
  return found
}

export function leaseOf(request: FastifyRequest): Lease {
  return admittedOf(request).lease
}

/** Notes that the client has shown a valid key. False if it has no room left: refuse the request then. */
export function identified(request: FastifyRequest, client: string): boolean {
  const { lease, connection, connections } = admittedOf(request)
  return connections.identify(connection, client) && lease.identify(client)
}

/** Whether a request without a key comes from programs and pages on this machine. */
export function isLocalRequest(request: FastifyRequest): boolean {
  return isLocal(request.headers, admittedOf(request).names)
}

/**
 * Holds the request's lease until the work has ended, even if its client disconnects first: the work uses the
 * memory until then.
 */
export function holdLease(request: FastifyRequest, work: Promise<unknown>): void {
  const one = admittedOf(request)
  one.holders++
  work.then(
    () => letGo(one),
    () => letGo(one),
  )
}

function letGo(one: Admitted): void {
  if (--one.holders === 0) one.lease.release()
}

/**
 * Starts the time within which the client must read the answer to its end. For every answer whose length is
 * known when it begins; streams of events limit themselves.
 */
export function limitReading(request: FastifyRequest): void {
  const one = admittedOf(request)
  one.answerBegan = performance.now()
  one.answering.add(one)
}

export function underPressure(): HttpError {
  return new HttpError(
    429,
    'under-pressure',
    'More requests arrive than can be handled now; send this one again later.',
    { 'retry-after': '1' },
  )
}

export function admitRequests(
  app: FastifyInstance,
  { admission, connections, connectionOf, answerMs, names }: RequestBounds,
): void {
  const answering = new Set<Admitted>()
  app.decorateRequest(ADMITTED, undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    const connection = connectionOf(raw)
    const lease = admission.lease()
    const one: Admitted = {
      lease,
      connection,
      connections,
      names,
      response: reply.raw,
      answering,
      answerBegan: 0,
      holders: 1,
    }
    request[ADMITTED] = one
    // HTTP/2 streams are counted where they open: not all of them come here.
    const isAlone = raw.httpVersionMajor === 1
    if (isAlone) connections.begin(connection)
    reply.raw.on('close', () => {
      answering.delete(one)
      letGo(one)
      if (isAlone) connections.end(connection)
    })
    done()
  })
  app.addHook('onRoute', (route) => {
    const { handler } = route
    route.handler = function (request, reply) {
      const result: unknown = handler.call(this, request, reply)
      if (result instanceof Promise) holdLease(request, result)
      return result
    }
  })
  const looking = setInterval(() => {
    for (const { answerBegan, response } of answering) {
      if (performance.now() - answerBegan < answerMs) break
      response.destroy()
    }
  }, LOOK_MS).unref()
  app.addHook('onClose', async () => clearInterval(looking))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', async (request: FastifyRequest) => parsedBody(request))
  app.addHook('onSend', async (request, _reply, payload) => {
    const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0
    if (bytes > SMALL_ANSWER_BYTES && !leaseOf(request).cover(bytes)) throw underPressure()
    limitReading(request)
    return payload
  })
}

async function parsedBody(request: FastifyRequest): Promise<unknown> {
  const lease = leaseOf(request)
  const maxBytes = lease.known
    ? request.routeOptions.bodyLimit
    : Math.min(request.routeOptions.bodyLimit, MAX_UNKNOWN_BODY_BYTES)
  const body = await readChunks(request.raw, maxBytes, lease).catch((error: unknown) => {
    if (!(error instanceof BodyRefused)) throw error
    throw error.reason === 'no-room' ? underPressure() : tooLarge(maxBytes, announcedBytes(request.raw))
  })
  if (body === undefined) throw new HttpError(400, 'cut-off', 'The connection closed before the body ended.')
  return parseJson(Buffer.concat(body.chunks, body.length))
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new HttpError(400, 'empty-body', 'The body is empty; send JSON.')
  const { depth, values, names } = shapeOfJson(bytes, 0, bytes.length)
  if (depth > JSON_LIMITS.depth)
    throw new HttpError(400, 'too-deep', `The body nests deeper than ${JSON_LIMITS.depth} levels.`)
  if (values > JSON_LIMITS.values)
    throw new HttpError(413, 'too-many-values', `The body has more than ${JSON_LIMITS.values} values.`)
  if (names > JSON_LIMITS.names)
    throw new HttpError(413, 'too-many-names', `The body has more than ${JSON_LIMITS.names} different names.`)
  try {
    return JSON.parse(bytes.toString(), refuseProto)
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, 'not-json', 'The body is not JSON.')
  }
}

/** Refuses the name that changes the prototype of an object it is copied into. */
function refuseProto(name: string, value: unknown): unknown {
  if (name === '__proto__')
    throw new HttpError(400, 'invalid-name', 'The body has a field named __proto__; choose another name.')
  return value
}

function tooLarge(maxBytes: number, announced: number): HttpError {
  const size = announced > 0 ? `has ${announced} bytes` : 'is longer'
  return new HttpError(413, 'too-large', `The body ${size}; at most ${maxBytes} are allowed.`)
}
