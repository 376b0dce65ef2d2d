import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Kafka } from '@weir/kafka'
import type { KafkaCluster } from '@weir/testkit'
import { kafkaCluster, servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Answer, Backends, Hub } from './testing/hub.ts'
import { batch, post, prepare, report, startHub, storedFrom, TOPIC } from './testing/hub.ts'

let cluster: KafkaCluster
let backends: Backends
let kafka: Kafka
let stop: () => Promise<void>
let hub: Hub

beforeAll(async () => {
  cluster = await kafkaCluster({ brokers: 1 })
  backends = { brokers: cluster.brokers, registryUrl: (await servers.registry()).url }
  ;({ kafka, stop } = await prepare(backends))
  hub = await startHub(backends)
})
afterAll(async () => {
  hub?.kill('SIGTERM')
  await hub?.exited
  await stop?.()
  await cluster?.stop()
})
beforeEach(() =>
  expect.poll(async () => (await fetch(`${hub.url}/readyz`)).status, { timeout: 60_000 }).toBe(200),
)

const DEVICES = 20
const ROUND = 50

/**
 * A well-behaved client: it repeats records that are not known to be stored, with the same ids, before it
 * sends anything newer.
 */
class Client {
  readonly source = uniqueName('client')
  readonly statuses = new Map<number, number>()
  readonly longest = { ms: 0 }
  acknowledged = 0
  #round = 0
  #stopped = false
  readonly #done: Promise<void>

  constructor() {
    this.#done = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(): Promise<void> {
    for (; !this.#stopped; this.#round++) {
      let records = Array.from({ length: ROUND }, (_, i) => ({
        id: `${this.#round * ROUND + i}`,
        value: report({ deviceId: `taxi-${i % DEVICES}`, speed: this.#round * ROUND + i }),
      }))
      while (records.length > 0) {
        const { status, body } = await this.#send(records)
        if (status === 200) records = []
        else if (status === 207) records = body.errors.map(({ index }: { index: number }) => records[index])
        else await pause(200)
        if (this.#stopped && status !== 200) return
      }
      this.acknowledged += ROUND
    }
  }

  async #send(records: readonly unknown[]): Promise<Answer> {
    const from = performance.now()
    const answer = await post(hub, batch(records), { 'weir-source': this.source })
    this.longest.ms = Math.max(this.longest.ms, performance.now() - from)
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1)
    if (answer.status >= 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    return answer
  }
}

/**
 * Checks that every acknowledged record is stored, and that the first occurrences of each key's records are
 * in order.
 */
async function check({ source, acknowledged }: Client): Promise<void> {
  const stored = await storedFrom(kafka, backends.registryUrl, source)
  const ids = new Set(stored.map(({ headers }) => Number(headers['weir-id'])))
  expect(Array.from({ length: acknowledged }, (_, id) => id).filter((id) => !ids.has(id))).toEqual([])
  const seen = new Set<string>()
  const last = new Map<string, number>()
  for (const { key, headers } of stored) {
    const id = headers['weir-id']
    if (seen.has(id)) continue
    seen.add(id)
    expect(Number(id)).toBeGreaterThan(last.get(key) ?? -1)
    last.set(key, Number(id))
  }
}

test('while a broker is dead the hub answers 503 with Retry-After, and acknowledged records are kept in order', async () => {
  const client = new Client()
  onTestFinished(() => client.stop())
  await pause(1000)
  await cluster.kill(0)
  await expect.poll(() => client.statuses.get(503) ?? 0, { timeout: 30_000 }).toBeGreaterThan(0)
  await expect.poll(async () => (await fetch(`${hub.url}/readyz`)).status, { timeout: 30_000 }).toBe(503)
  const from = performance.now()
  const { status, headers, body } = await post(hub, batch([{ value: report() }]))
  expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '5', 'no-broker'])
  expect(performance.now() - from).toBeLessThan(1000)
  const before = client.acknowledged
  await cluster.restart(0)
  await expect.poll(() => client.acknowledged, { timeout: 60_000 }).toBeGreaterThan(before + 10 * ROUND)
  await client.stop()
  expect(client.longest.ms).toBeLessThan(15_000)
  await check(client)
})

test('while a broker hangs the hub answers in time with bounded memory, and recovers afterwards', async () => {
  const client = new Client()
  onTestFinished(() => client.stop())
  await pause(1000)
  cluster.pause(0)
  onTestFinished(() => cluster.resume(0))
  const from = resident()
  const statuses = await flood(256, 5000, [
    Buffer.from(batch(Array.from({ length: 500 }, () => ({ value: report() })))),
  ])
  expect(statuses.get(429) ?? 0).toBeGreaterThan(0)
  expect(statuses.get(200) ?? 0).toBe(0)
  expect(resident() - from).toBeLessThan(128)
  cluster.resume(0)
  const before = client.acknowledged
  await expect.poll(() => client.acknowledged, { timeout: 60_000 }).toBeGreaterThan(before + 10 * ROUND)
  await client.stop()
  expect(client.longest.ms).toBeLessThan(15_000)
  await check(client)
})

test('an overload by 64 clients costs at most 128 MB over idle, and the hub stays ready', async () => {
  hub.kill('SIGTERM')
  expect(await hub.exited).toBe(0)
  hub = await startHub(backends)
  const idle = resident()
  let most = idle
  const watch = setInterval(() => {
    most = Math.max(most, resident())
  }, 50)
  const records = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      value: report({ deviceId: `taxi-${i}`, tripId: `trip-${i}` }),
    }))
  const small = Buffer.from(batch(records(500)))
  const statuses = await flood(64, 10_000, [
    small,
    small,
    small,
    Buffer.from(batch(records(10_000))),
    gzipSync(batch(records(10_000))),
  ])
  clearInterval(watch)
  expect(most - idle).toBeLessThan(128)
  expect(statuses.get(200) ?? 0).toBeGreaterThan(10)
  expect([...statuses.keys()].filter((status) => status !== 200 && status !== 429)).toEqual([])
  expect((await post(hub, batch([{ value: report() }]))).status).toBe(200)
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  // The remaining memory is for records of its own statistics.
  expect(metrics).toMatch(/weir_request_memory_used_bytes \d{1,4}\n/)
})

/** Resident memory of the hub, MB (man 5 proc, VmRSS). */
function resident(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hub.pid}/status`, 'utf8'))![1]) / 1000
}

/**
 * Sends the bodies in turn from `connections` connections, each as soon as the previous answer arrives.
 * Resolves with how often each status was answered.
 */
async function flood(
  connections: number,
  ms: number,
  bodies: readonly Buffer[],
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  const agent = new Agent({ keepAlive: true })
  const end = Date.now() + ms
  let turn = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (Date.now() < end) {
        const body = bodies[turn++ % bodies.length]
        const status = await send(agent, body)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status !== 200) await pause(50)
      }
    }),
  )
  agent.destroy()
  return statuses
}

function send(agent: Agent, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const packed = body[0] === 0x1f
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      ...(packed && { 'content-encoding': 'gzip' }),
    }
    request(`${hub.url}/v1/topics/${TOPIC}/records`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
      .on('error', reject)
      .end(body)
  })
}
