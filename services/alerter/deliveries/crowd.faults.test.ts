/** One topic with 10,000 subscriptions, of which one hangs, one fails and one is slow. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Topic } from '../notifications/entries.ts'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'

const CROWD = 10_000
const MESSAGES = 3
const SLOW_MS = 3000
let world: AlerterWorld
let server: Server
/** Milliseconds from the publication to the arrival, by message and path. */
const arrivals = new Map<string, Map<string, number>>()

const arrived = (path: string, body: string): void => {
  const { MessageId, Timestamp } = JSON.parse(body)
  const ofMessage = arrivals.get(MessageId) ?? new Map<string, number>()
  arrivals.set(MessageId, ofMessage.set(path, Date.now() - Date.parse(Timestamp)))
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', async () => {
      if (path === '/hangs') return
      if (path === '/slow') await sleep(SLOW_MS)
      if (path !== '/fails') arrived(path, body)
      response.writeHead(path === '/fails' ? 503 : 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  world = await openAlerterWorld()
  await world.start()
})
afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  await world?.stop()
})

const urlOf = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`

/** Publishes messages one after the other; returns how long they took to all quick receivers, sorted (ms). */
async function publishToAll(topic: Topic): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < MESSAGES; i++) {
    const [id] = await world.publish(topic, [`message ${i}`])
    const quick = (): [string, number][] =>
      [...(arrivals.get(id) ?? [])].filter(([path]) => path.startsWith('/n'))
    await expect.poll(() => quick().length, { timeout: 60_000, interval: 50 }).toBe(CROWD)
    all.push(...quick().map(([, ms]) => ms))
  }
  return all.sort((a, b) => a - b)
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))]
const shown = (sorted: readonly number[]): string =>
  `p50 ${quantile(sorted, 0.5)} ms, p99 ${quantile(sorted, 0.99)} ms`

test('receivers that hang, fail or are slow do not delay the other 10,000', async () => {
  const topic = await world.topic('crowd')
  await world.subscribe(
    topic,
    Array.from({ length: CROWD }, (_, i) => urlOf(`n${i}`)),
  )
  await publishToAll(topic)
  const without = await publishToAll(topic)
  await world.subscribe(topic, ['hangs', 'fails', 'slow'].map(urlOf))
  const withThem = await publishToAll(topic)
  console.info(`alone: ${shown(without)}; beside the three: ${shown(withThem)}`)
  expect(quantile(withThem, 0.99)).toBeLessThan(1.2 * quantile(without, 0.99))
  await expect
    .poll(() => [...arrivals.values()].filter((ofMessage) => ofMessage.has('/slow')).length, {
      timeout: 60_000,
    })
    .toBe(MESSAGES)
}, 300_000)
