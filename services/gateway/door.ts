/** The gateway's door: finds the service that has the API of a request, and passes the request on to it. */
import { randomUUID } from 'node:crypto'
import {
  type AwsAccess,
  AwsError,
  answerAll,
  answerPreflight,
  cut,
  headersOf,
  internalFailure,
  mediaTypeOf,
  openSenders,
  overloaded,
  type Senders,
  send,
  signedService,
  tooLarge,
} from '@weir/aws'
import {
  BodyRefused,
  identified,
  isFromForeignPage,
  leaseOf,
  MAX_UNKNOWN_BODY_BYTES,
  readChunks,
} from '@weir/service'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isLoop } from './headers.ts'
import type { Route, Routes } from './routes.ts'
import { Unanswered } from './upstream.ts'

export interface GatewayOptions {
  /** The access keys of the services, by which clients get their shares. No signature is checked here. */
  readonly access: AwsAccess
  readonly routes: Routes
}

const FORM = 'application/x-www-form-urlencoded'
/** The memory of a request beside its fixed cost: two connections' buffers, and the bytes between them. */
const FORWARDED_BYTES = 64 << 10
/** The time until a service must begin its answer, by API. */
const ANSWER_MS: Readonly<Record<string, number>> = {
  // A function may run for 15 minutes (developer guide, "Lambda quotas"), after its process has started.
  lambda: 930_000,
}
const DEFAULT_ANSWER_MS = 60_000
const RETRY_AFTER = { 'retry-after': '1' }

/** Returns a plugin that passes all requests on, except those for the gateway's own health. */
export function gatewayDoor(options: GatewayOptions): (app: FastifyInstance) => Promise<void> {
  const door = new GatewayDoor(options)
  return async (app) => {
    answerAll(app, '*', (request, reply) => door.serve(request, reply))
  }
}

class GatewayDoor {
  readonly #access: AwsAccess
  readonly #routes: Routes
  readonly #senders: Senders

  constructor({ access, routes }: GatewayOptions) {
    this.#access = access
    this.#routes = routes
    this.#senders = openSenders(access)
  }

  async serve(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.hijack()
    const requestId = randomUUID()
    const isAllowed = this.#access.anonymous === undefined || !isFromForeignPage(request.headers)
    const headers = headersOf(request, requestId, isAllowed)
    if (isPreflight(request)) return answerPreflight(request, reply, headers, isAllowed)
    let route = this.#routes.byHead(request)
    try {
      if (isLoop(request.headers.via)) throw loop()
      this.#admit(request, route)
      const form = route === undefined && isForm(request) ? await formOf(request) : undefined
      route ??= form && this.#routes.byForm(form)
      if (route === undefined) throw this.#unknown(request)
      await route.upstream.forward(request, reply, answerMsOf(route), form)
    } catch (error) {
      request.raw.resume()
      const failure = failureOf(error, route)
      if (failure === undefined) request.log.error({ err: error, requestId }, 'a request failed inside')
      const protocol = route?.protocol ?? this.#routes.protocolOf(request)
      const answer = protocol.find(request, requestId).error(failure ?? internalFailure())
      const again = answer.status === 503 ? RETRY_AFTER : undefined
      send(request, reply, headers, {
        ...answer,
        ...(failure && { errorType: failure.code }),
        headers: { ...answer.headers, ...again },
      })
    }
  }

  /**
   * Gives the request its place by the rule of the services: a client that shows a known access key has a
   * share of its own, and all others have one together.
   */
  #admit(request: FastifyRequest, route: Route | undefined): void {
    const { client } = this.#senders.head(request, route === undefined ? [] : [route.model.service])
    if (client !== undefined && !identified(request, client.name)) throw overloaded()
    if (!leaseOf(request).cover(FORWARDED_BYTES)) throw overloaded()
  }

  #unknown(request: FastifyRequest): AwsError {
    const served = this.#routes.names.join(', ')
    const named = signedService(request)
    const wanted = named === undefined ? 'the request names none of them' : `the request is for ${cut(named)}`
    return new AwsError('UnknownOperationException', `This endpoint serves ${served}; ${wanted}.`)
  }
}

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined

const isForm = (request: FastifyRequest): boolean => mediaTypeOf(request) === FORM

const answerMsOf = ({ model }: Route): number => ANSWER_MS[model.service] ?? DEFAULT_ANSWER_MS

/** Reads a form that is the only part of its request that shows the API. */
async function formOf(request: FastifyRequest): Promise<Buffer | undefined> {
  const lease = leaseOf(request)
  const body = await readChunks(request.raw, MAX_UNKNOWN_BODY_BYTES, lease).catch((error: unknown) => {
    if (!(error instanceof BodyRefused)) throw error
    throw error.reason === 'no-room' ? overloaded() : tooLarge()
  })
  if (body === undefined) return undefined
  if (!lease.cover(FORWARDED_BYTES + body.length)) throw overloaded()
  return Buffer.concat(body.chunks, body.length)
}

/** Returns the error for the client; undefined if it is a fault of the program. */
function failureOf(error: unknown, route: Route | undefined): AwsError | undefined {
  if (error instanceof AwsError) return error
  if (!(error instanceof Unanswered) || route === undefined) return undefined
  const { name } = route.upstream
  if (error.reason === 'silent')
    return new AwsError(
      'ServiceUnavailable',
      `The service ${name} did not start to answer within ${answerMsOf(route) / 1000} s.`,
      504,
    )
  return new AwsError(
    'ServiceUnavailable',
    `The service ${name} cannot be reached now; send the request again.`,
    503,
  )
}

function loop(): AwsError {
  return new AwsError(
    'InvalidRequest',
    'The request came from a gateway; the URLs of services must not point to a gateway.',
    508,
  )
}
