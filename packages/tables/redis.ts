/** Connects to Redis, which keeps copies of topics and may lose them at any time. */
import type { WarnLog } from '@weir/topics'
import { type ChainableCommander, Redis } from 'ioredis'

const TELL_AGAIN_MS = 10_000

/** Commands fail after 2 s instead of waiting forever for Redis; reconnecting never stops. */
export function connectRedis(url: string, log: WarnLog): Redis {
  const redis = new Redis(url, {
    commandTimeout: 2000,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2000),
  })
  let reported = 0
  redis.on('error', (error) => {
    if (Date.now() - reported < TELL_AGAIN_MS) return
    reported = Date.now()
    log.warn({ error: error.message }, 'Redis does not answer')
  })
  return redis
}

/**
 * Runs the commands in one round trip. Rejects with the first failure. The error does not name the command
 * that failed, because its arguments are data, which do not belong in a log.
 */
export async function runAll(commands: ChainableCommander): Promise<void> {
  const results = await commands.exec()
  const failure = results?.find(([error]) => error !== null)?.[0]
  if (failure) throw new Error(`Redis refused a command: ${failure.message}`)
}
