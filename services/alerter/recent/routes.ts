/** The attempts of the last minutes over HTTP. */
import type { DeliveryAttempt } from '@weir/contracts'
import { KafkaError } from '@weir/kafka'
import { type Access, HttpError, identify, mayRead } from '@weir/service'
import type { FastifyInstance } from 'fastify'
import { ATTEMPTS, type RecentAttempts, WINDOW_MS } from './recent-attempts.ts'

export interface DeliveryRoutesOptions {
  readonly recent: RecentAttempts
  readonly access: Access
}

const MAX_LISTED = 500
const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    subscription: { type: 'string', pattern: '^[0-9a-f-]{36}$' },
    topic: { type: 'string', minLength: 1, maxLength: 256 },
    outcome: { type: 'string', enum: ['delivered', 'failed', 'postponed', 'dead'] },
    limit: { type: 'integer', minimum: 1, maximum: MAX_LISTED, default: 50 },
  },
} as const

interface Asked {
  readonly subscription?: string
  readonly topic?: string
  readonly outcome?: DeliveryAttempt['outcome']
  readonly limit: number
}

/** An attempt as people see it. */
export type ShownAttempt = Omit<DeliveryAttempt, 'partition' | 'offset' | 'retry' | 'cause'>

export function deliveryRoutes(app: FastifyInstance, { recent, access }: DeliveryRoutesOptions): void {
  app.get<{ Querystring: Asked }>(
    '/v1/deliveries',
    {
      schema: { querystring: QUERY },
      onRequest: async (request) => mayRead(identify(access, request, 'Basic'), ATTEMPTS),
    },
    async ({ query: { subscription, topic, outcome, limit } }, reply) => {
      await recent.read().catch((error: unknown) => {
        if (error instanceof KafkaError)
          throw new HttpError(503, error.code, error.message, { 'retry-after': '1' })
        throw error
      })
      const chosen =
        subscription === undefined
          ? recent.all.flatMap(([, { attempts }]) => attempts)
          : (recent.of(subscription)?.attempts ?? [])
      const deliveries = chosen
        .filter((one) => topic === undefined || one.topic === topic)
        .filter((one) => outcome === undefined || one.outcome === outcome)
        .sort((a, b) => b.startedAt - a.startedAt)
        .slice(0, limit)
        .map(shownAttempt)
      return reply
        .header('cache-control', 'no-store')
        .send({ deliveries, windowMs: WINDOW_MS, skipped: recent.skipped })
    },
  )
}

function shownAttempt({
  partition: _p,
  offset: _o,
  retry: _r,
  cause: _c,
  ...rest
}: DeliveryAttempt): ShownAttempt {
  return rest
}
