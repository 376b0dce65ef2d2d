/**
 * The application for the provider's customers. They sign up and receive the offers available at their
 * position. The answer comes back in three ways: in the topic location.offers, through GET /v1/offers/USER,
 * and in the reply to a signup that waits for it.
 */
import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApplicationDefinition } from '../solution.ts'

const STREAM = 'signups'
const OFFERS = 'location.offers'
/** The longest wait (ms), and the number of requests that may wait at once in a replica. */
const MAX_WAIT = 10_000
const MAX_WAITING = 10_000

const SIGNUP = {
  type: 'object',
  additionalProperties: false,
  required: ['userId', 'position'],
  properties: {
    userId: { type: 'string', pattern: '^[\\x21-\\x7e]{1,100}$' },
    position: {
      type: 'object',
      additionalProperties: false,
      required: ['lat', 'lon'],
      properties: {
        lat: { type: 'number', minimum: -85, maximum: 85 },
        lon: { type: 'number', minimum: -180, maximum: 180 },
      },
    },
  },
}
const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { wait: { type: 'string', pattern: '^\\d{1,5}(ms|s)$' } },
}

interface SignUp {
  Body: { readonly userId: string; readonly position: { readonly lat: number; readonly lon: number } }
  Querystring: { readonly wait?: string }
}

export const application: ApplicationDefinition = {
  async open({ identify, requireRead, put, follow, latest }) {
    const waiting = new Map<string, (offers: unknown) => void>()
    await follow(OFFERS, (value, headers) => waiting.get(headers['reply-to'] ?? '')?.(value))
    const offers = await latest(OFFERS)

    /**
     * Resolves to the answer to the signup, or to undefined when the time is up. The signup is forgotten
     * either way.
     */
    const answerTo = (signupId: string, ms: number): { answer: Promise<unknown>; cancel(): void } => {
      const { promise, resolve } = Promise.withResolvers<unknown>()
      const timer = setTimeout(resolve, ms, undefined)
      waiting.set(signupId, resolve)
      const cancel = (): void => resolve(undefined)
      return {
        answer: promise.finally(() => {
          clearTimeout(timer)
          waiting.delete(signupId)
        }),
        cancel,
      }
    }

    const signUp = async (request: FastifyRequest<SignUp>, reply: FastifyReply): Promise<unknown> => {
      const { userId, position } = request.body
      const wait = Math.min(milliseconds(request.query.wait), MAX_WAIT)
      const client = identify(request)
      if (wait > 0) requireRead(client, OFFERS)
      if (wait > 0 && waiting.size >= MAX_WAITING) {
        return reply
          .code(429)
          .header('retry-after', '1')
          .send(
            problem(
              'too-many-waiting',
              'Too many signups are waiting for their offers; repeat the request without ?wait, or later.',
            ),
          )
      }
      const signupId = randomUUID()
      const signup = { signupId, userId, position, signedUpAt: Date.now() }
      // The wait begins before the signup is stored, because the answer might come first otherwise.
      const waits = wait > 0 ? answerTo(signupId, wait) : undefined
      try {
        await put(client, STREAM, userId, Buffer.from(JSON.stringify(signup)), signupId)
      } catch (error) {
        waits?.cancel()
        if (!(error as { retriable?: boolean }).retriable) throw error
        return reply
          .code(503)
          .header('retry-after', '1')
          .send(problem('not-stored', 'It is unknown whether the signup was stored; send it again.'))
      }
      if (waits === undefined)
        return reply.code(202).send({ signupId, offers: `/v1/offers/${encodeURIComponent(userId)}` })
      request.raw.once('close', waits.cancel)
      const found = await waits.answer
      if (found === undefined)
        return reply.code(504).send({
          ...problem(
            'no-answer-yet',
            'The offers did not arrive in time; get them later from GET /v1/offers/USER.',
          ),
          signupId,
        })
      // The key may have lost the right while the signup waited.
      requireRead(identify(request), OFFERS)
      return reply.send(found)
    }

    return {
      routes(app) {
        // Checks the key before the body is read.
        const guard = { onRequest: async (request: FastifyRequest) => void identify(request) }
        app.post<SignUp>(
          '/v1/signups',
          { ...guard, bodyLimit: 16 << 10, schema: { body: SIGNUP, querystring: QUERY } },
          signUp,
        )
        app.get<{ Params: { userId: string } }>('/v1/offers/:userId', guard, async (request, reply) => {
          const { userId } = request.params
          const found = await offers.get(identify(request), userId)
          return found === undefined
            ? reply.code(404).send(problem('no-offers', `The user ${userId} is unknown.`))
            : reply.send(found)
        })
      },
      stopping: () => {
        for (const resolve of waiting.values()) resolve(undefined)
      },
    }
  },
}

const problem = (code: string, message: string): object => ({ error: { code, message } })

function milliseconds(wait: string | undefined): number {
  if (wait === undefined) return 0
  return wait.endsWith('ms') ? Number(wait.slice(0, -2)) : Number(wait.slice(0, -1)) * 1000
}
