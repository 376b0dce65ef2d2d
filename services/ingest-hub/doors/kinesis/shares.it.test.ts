/** Two replicas' throttles over a real Redis, which disappears and comes back. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { logger } from '@weir/service'
import { servers, uniqueName } from '@weir/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { openShares } from './shares.ts'
import { Throttle } from './throttle.ts'

const log = logger('test')
log.level = 'silent'

function replicas(redisUrl: string): readonly [Throttle, Throttle] {
  const open = (instance: string): Throttle => {
    const throttle = new Throttle(() => 2)
    const { stop } = openShares(throttle, redisUrl, instance, log)
    onTestFinished(() => void stop!(0))
    return throttle
  }
  return [open('a'), open('b')]
}

/** A proxy to Redis whose connection can be cut. */
async function cuttable(redisUrl: string): Promise<{ url: string; cut(): void; mend(): void }> {
  const { hostname, port } = new URL(redisUrl)
  const open = new Set<Socket>()
  let broken = false
  const server = createServer((client) => {
    if (broken) return void client.destroy()
    const redis = connect(Number(port), hostname)
    for (const [socket, other] of [
      [client, redis],
      [redis, client],
    ]) {
      open.add(socket)
      socket
        .on('error', () => other.destroy())
        .on('close', () => other.destroy())
        .pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      broken = true
      for (const socket of open) socket.destroy()
      open.clear()
    },
    mend: () => {
      broken = false
    },
  }
}

/**
 * Counts the records of 100 bytes that the throttles accept within a time, with each offered records at its
 * rate.
 */
async function taken(
  throttles: readonly Throttle[],
  perSecond: readonly number[],
  stream: string,
  ms: number,
): Promise<number> {
  let count = 0
  const from = performance.now()
  const offered = throttles.map(() => 0)
  for (let now = 0; now < ms; now = performance.now() - from) {
    throttles.forEach((throttle, i) => {
      for (; offered[i] < (now / 1000) * perSecond[i]; offered[i]++)
        if (throttle.take(stream, 'shardId-000000000000', 100)) count++
    })
    await sleep(5)
  }
  return count
}

test('one busy replica gets the whole limit, and two busy ones get it together', async () => {
  const { url } = await servers.redis()
  const both = replicas(url)
  const [one, two] = [uniqueName('stream'), uniqueName('stream')]
  await taken(both, [3000, 0], one, 1500)
  const whole = await taken(both, [3000, 0], one, 2000)
  expect(whole).toBeGreaterThan(1700)
  expect(whole).toBeLessThan(2300)
  await taken(both, [3000, 1000], two, 1500)
  const together = await taken(both, [3000, 1000], two, 2000)
  expect(together).toBeGreaterThan(1700)
  expect(together).toBeLessThan(2300)
})

test('without Redis each replica has an even share, and the whole limit again once Redis is back', async () => {
  const link = await cuttable((await servers.redis()).url)
  const both = replicas(link.url)
  const stream = uniqueName('stream')
  await taken(both, [3000, 0], stream, 1500)
  link.cut()
  await taken(both, [3000, 0], stream, 1500)
  const share = await taken(both, [3000, 0], stream, 1000)
  expect(share).toBeGreaterThan(400)
  expect(share).toBeLessThan(620)
  link.mend()
  await taken(both, [3000, 0], stream, 3500)
  expect(await taken(both, [3000, 0], stream, 2000)).toBeGreaterThan(1700)
})
