/** Redis as the enricher uses it: copies of topics, which it may lose at any time. */
import { Redis } from 'ioredis'
import type { Warnings } from '@weir/topics'

const TELL_AGAIN_MS = 10_000

/** Commands fail after 2 s instead of waiting for Redis for ever; connecting again never ends. */
export function connectRedis(url: string, log: Warnings): Redis {
  const redis = new Redis(url, { commandTimeout: 2000, maxRetriesPerRequest: 1, retryStrategy: (attempt) => Math.min(100 * attempt, 2000) })
  let reported = 0
  redis.on('error', (error) => {
    if (Date.now() - reported < TELL_AGAIN_MS) return
    reported = Date.now()
    log.warn({ error: error.message }, 'Redis does not answer')
  })
  return redis
}
