/**
 * Divides a shard's limits among the replicas in proportion to the records offered to each. The shares are
 * leased from Redis for a second, so a single replica that receives all requests gets the whole limit. One
 * pipeline asks Redis for all shards, five times a second, and never while a request waits. Without Redis,
 * every replica has the same share.
 */

import type { Logger, Resource } from '@weir/service'
import { Redis } from 'ioredis'
import type { Throttle } from './throttle.ts'

const EVERY_MS = 200
const LEASE_MS = 1000

/**
 * Stores the number of records offered to a replica, removes replicas whose lease has expired, and returns
 * the sum over all replicas.
 */
const NOTE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[3])
local sum = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local offered, at = string.match(all[i + 1], '(%d+) (%d+)')
  if now - tonumber(at) > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i]) else sum = sum + tonumber(offered) end
end
return sum`

export function openShares(
  throttle: Throttle,
  redisUrl: string,
  instance: string,
  log: Logger,
): Resource<void> {
  const redis = new Redis(redisUrl, {
    commandTimeout: LEASE_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(100 * attempt, 2000),
  })
  let away = false
  let asking = false
  const gone = (error: unknown): void => {
    if (!away)
      log.warn(
        { err: error },
        "Redis does not answer, so each replica takes the same share of a shard's limits",
      )
    away = true
  }
  redis.on('error', gone)

  const ask = async (): Promise<void> => {
    if (asking) return
    asking = true
    const offered = throttle.offered()
    try {
      const pipeline = redis.pipeline()
      for (const [name, count] of offered)
        pipeline.eval(NOTE, 1, `weir:throttle:{${name}}`, instance, count, LEASE_MS)
      const answers = offered.size === 0 ? [] : (await pipeline.exec())!
      let i = 0
      for (const [name, count] of offered) {
        const [error, sum] = answers[i++]
        if (error) throw error
        throttle.setShare(name, count / Math.max(count, Number(sum)))
      }
      if (away && offered.size > 0) {
        away = false
        log.info('Redis answers again, and the replicas share the limits of shards by their load')
      }
    } catch (error) {
      for (const name of offered.keys()) throttle.setShare(name, undefined)
      gone(error)
    } finally {
      asking = false
    }
  }
  const timer = setInterval(() => void ask(), EVERY_MS)
  return {
    value: undefined,
    stop: () => {
      clearInterval(timer)
      redis.disconnect()
    },
  }
}
