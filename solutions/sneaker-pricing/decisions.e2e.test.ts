/**
 * Clicks become prices while every service is killed: each click counts once, the demand is what the clicks say, a change of
 * a price belongs to one decision, and the tables' change streams have no gap. What is expected is computed from the
 * clicks that were sent.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startReady } from '@weir/alerter/testing/service.ts'
import { openCodec } from '@weir/codec'
import type { TableChange, TopicName } from '@weir/contracts'
import { prepare } from '@weir/ingest-hub/testing/hub.ts'
import { kafkaCluster, servers } from '@weir/testkit'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { openRecords } from '@weir/topics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { topics } from '../index.ts'
import type { Click, Demand, PriceDecision, ProductWindow } from './generated/types.ts'
import { solution } from './solution.ts'
import { CATALOGUE, DEMAND, MODEL, PRODUCTS } from './tables.ts'

const WINDOW_MS = 1000
const KILLS = process.env.WEIR_FAULTS === 'long' ? 20 : 3
const SERVICES = ['pricing', 'enricher', 'ingest-hub'] as const
const soon = { timeout: 90_000, interval: 500 }

type Backends = Awaited<ReturnType<typeof open>>
let world: Backends
const running = new Map<string, ServiceProcess>()
const clicks: Click[] = []

async function open() {
  const [registry, redis, cluster] = await Promise.all([
    servers.registry(),
    servers.redis(),
    kafkaCluster({ brokers: 1 }),
  ])
  const { kafka, stop } = await prepare({ brokers: cluster.brokers, registryUrl: registry.url })
  const { value: codec } = await openCodec({ topics, url: registry.url })
  const env: Readonly<Record<string, string>> = {
    KAFKA_BROKERS: cluster.brokers.join(),
    REGISTRY_URL: registry.url,
    REDIS_URL: `${redis.url}/4`,
    ALLOW_ANONYMOUS: 'true',
    WEIR_SOLUTIONS: solution.name,
    FLOW_WINDOW_SECONDS: `sneaker-windows=${WINDOW_MS / 1000}`,
  }
  return {
    kafka,
    codec,
    env,
    async stop() {
      await stop()
      await cluster.stop()
    },
  }
}

async function start(service: (typeof SERVICES)[number]): Promise<void> {
  const url = running.get('pricing')?.url
  const process = await startReady(service, {
    ...world.env,
    ...(url !== undefined && { PRICING_URL: url }),
    // A replica that comes back has the address of the one before.
    ...(running.has(service) && { HTTP_PORT: new URL(running.get(service)!.url).port }),
  })
  running.set(service, process)
}

beforeAll(async () => {
  world = await open()
  for (const service of SERVICES) await start(service)
  await put('reference/price-rails/all', { coolDownMinutes: 0, minConfidence: 0, maxChangesPerHour: 100_000 })
  await Promise.all(PRODUCTS.map(({ id: productId }) => market(productId)))
}, 180_000)
afterAll(async () => {
  for (const process of running.values()) process.kill('SIGKILL')
  await world?.stop()
})

async function put(path: string, entry: object): Promise<void> {
  const { status } = await fetch(`${running.get('enricher')!.url}/v1/${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(entry),
  })
  expect(status).toBe(204)
}

/** Sends records until the hub has them: their ids tell repeated ones. */
async function send(topic: TopicName, records: readonly { readonly id: string; readonly value: object }[]) {
  const body = JSON.stringify({ records: records.map(({ id, value }) => ({ id, value })) })
  for (;;) {
    const response = await fetch(`${running.get('ingest-hub')!.url}/v1/topics/${topic}/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).catch(() => undefined)
    if (response?.status === 200) return
    // Answers below 500 do not change.
    if (response !== undefined && response.status < 500)
      throw new Error(`The hub answered ${response.status}: ${await response.text()}`)
    await sleep(200)
  }
}

const market = (productId: string) => {
  const value = {
    productId,
    eventTime: Date.now(),
    stock: 500,
    competitorCents: 12_495,
    nextDeliveryAt: null,
  }
  return send('sneaker.market', [{ id: `market-${productId}`, value: { ...value, sales: null } }])
}

async function read<V>(topic: TopicName): Promise<V[]> {
  const { kafka, codec } = world
  const found: V[] = []
  const records = await openRecords({ codec, topic, reader: 'test', log: { warn: () => {} } })
  const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, async (batch) => {
    await records.prepare(batch)
    records.each(batch, ({ value }) => void found.push(value as V))
  })
  await reading.done
  return found
}

/** Shoppers click until the signal comes; some products are looked at more and more. */
async function shop(signal: AbortSignal): Promise<void> {
  for (let tick = 0; !signal.aborted; tick++) {
    const eventTime = Date.now()
    const batch = PRODUCTS.slice(0, 8).flatMap(({ id, listPriceCents }, i) =>
      Array.from({ length: 1 + ((tick >> i) % 2) }, (_, n): Click => {
        const seen = { productId: id, eventTime, priceCents: listPriceCents, stock: 500 }
        return { visitId: `${id}-${tick}-${n}`, ...seen }
      }),
    )
    await send(
      'sneaker.clicks',
      batch.map((value) => ({ id: value.visitId, value })),
    )
    clicks.push(...batch)
    await sleep(100, undefined, { signal }).catch(() => {})
  }
}

test('over kills of all services, prices follow the clicks: none is lost, none counts twice', async () => {
  const closing = new AbortController()
  const shopping = shop(closing.signal)
  await expect.poll(async () => (await read('sneaker.decisions')).length, soon).toBeGreaterThan(0)
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(1000 + Math.random() * 3000)
    const service = SERVICES[kill % SERVICES.length]
    running.get(service)!.kill('SIGKILL')
    await running.get(service)!.exited
    await start(service)
  }
  await sleep(3000)
  closing.abort()
  await shopping

  const late = async (): Promise<number> => (await read('sneaker.activity.late')).length
  const counted = async (): Promise<number> =>
    [...finalWindows(await read<ProductWindow>('sneaker.windows')).values()].reduce(
      (sum, window) => sum + window.clicks,
      await late(),
    )
  const visits = async (topic: 'sneaker.clicks' | 'sneaker.activity'): Promise<number> =>
    new Set((await read<Click>(topic)).map(({ visitId }) => visitId)).size
  expect(await visits('sneaker.clicks')).toBe(clicks.length)
  await expect.poll(() => visits('sneaker.activity'), soon).toBe(clicks.length)
  expect((await read('sneaker.activity')).length).toBe(clicks.length)
  await expect.poll(counted, soon).toBe(clicks.length)
  await settled()

  const windows = await read<ProductWindow>('sneaker.windows')
  if ((await late()) === 0) expect(countsOf(finalWindows(windows).values())).toEqual(countsOf(sentWindows()))
  const demands = await read<Demand>('sneaker.demand')
  expectDemand(windows, demands)
  const changes = await read<TableChange>('weir.tables.changes')
  expectDemandStream(changes, demands)
  expectPrices(changes, await read<PriceDecision>('sneaker.decisions'))
}, 600_000)

/** Waits until nothing more is decided. */
async function settled(): Promise<void> {
  let before = -1
  for (let now = 0; now !== before; ) {
    before = now
    await sleep(4000)
    const topics = ['sneaker.windows', 'sneaker.demand', 'sneaker.decisions', 'weir.tables.changes'] as const
    now = (await Promise.all(topics.map((topic) => read(topic)))).reduce((sum, { length }) => sum + length, 0)
  }
}

/** The last result of each window. Fails if one was written twice, or if one between two is missing. */
function finalWindows(windows: readonly ProductWindow[]): Map<string, ProductWindow> {
  const found = new Map<string, ProductWindow>()
  for (const window of windows) {
    const key = `${window.productId} ${window.start}`
    expect(window.revision, key).toBe((found.get(key)?.revision ?? 0) + 1)
    found.set(key, window)
  }
  return found
}

function sentWindows(): Pick<ProductWindow, 'productId' | 'start' | 'clicks'>[] {
  const found = new Map<string, { productId: string; start: number; clicks: number }>()
  for (const { productId, eventTime } of clicks) {
    const start = Math.floor(eventTime / WINDOW_MS) * WINDOW_MS
    const window = found.get(`${productId} ${start}`) ?? { productId, start, clicks: 0 }
    window.clicks++
    found.set(`${productId} ${start}`, window)
  }
  return [...found.values()]
}

const countsOf = (windows: Iterable<Pick<ProductWindow, 'productId' | 'start' | 'clicks'>>): string[] =>
  Array.from(windows, ({ productId, start, clicks }) => `${productId} ${start} ${clicks}`).sort()

/** Each result of a window has one demand, whose counts are those of the windows so far. */
function expectDemand(windows: readonly ProductWindow[], demands: readonly Demand[]): void {
  for (const [productId, own] of Map.groupBy(demands, (one) => one.productId)) {
    const results = windows.filter((window) => window.productId === productId)
    expect(own.length).toBe(results.length)
    const known = new Map<number, ProductWindow>()
    let [since, latest] = [Infinity, 0]
    for (const [i, window] of results.entries()) {
      known.set(window.start, window)
      if (i === 0) since = window.start
      latest = Math.max(latest, window.start)
      const counted = [...known.values()].reduce((sum, { clicks }) => sum + clicks, 0)
      const missingHours = Math.max(0, 3_600_000 - (latest + WINDOW_MS - since)) / 3_600_000
      expect(own[i].at).toBe(latest + WINDOW_MS)
      expect(own[i].clicks).toBe(counted + Math.round(own[i].usual.clicks * missingHours))
    }
  }
}

function expectDemandStream(changes: readonly TableChange[], demands: readonly Demand[]): void {
  const own = changes.filter(({ table }) => table === DEMAND)
  expect(own.length).toBe(demands.length)
  for (const [key, ofItem] of Map.groupBy(own, ({ keys }) => keys)) {
    expect(ofItem.map(({ version }) => version)).toEqual(ofItem.map((_, i) => i + 1))
    const { productId } = JSON.parse(key)
    const times = demands.filter((one) => one.productId === productId.S).map(({ at }) => at)
    expect(ofItem.map(({ newImage }) => Number(JSON.parse(newImage!).at.N))).toEqual(times)
  }
}

/** Each change of a price is that of one decision, and begins at the price before. */
function expectPrices(changes: readonly TableChange[], decisions: readonly PriceDecision[]): void {
  const decided = new Map(decisions.map((one) => [`${one.productId} ${one.at}`, one]))
  expect(decided.size).toBe(decisions.length)
  const catalogue = changes.filter(({ table }) => table === CATALOGUE)
  let made = 0
  for (const ofItem of Map.groupBy(catalogue, ({ keys }) => keys).values()) {
    expect(ofItem.map(({ version }) => version)).toEqual(ofItem.map((_, i) => i + 1))
    for (const { oldImage, newImage } of ofItem.slice(1)) {
      const [before, after] = [JSON.parse(oldImage!), JSON.parse(newImage!)]
      expect(after.changedBy).toEqual({ S: MODEL })
      const decision = decided.get(`${after.productId.S} ${after.priceChangedAt.N}`)!
      expect([decision.decision, decision.fromCents, decision.toCents]).toEqual([
        'change',
        Number(before.priceCents.N),
        Number(after.priceCents.N),
      ])
      made++
    }
  }
  const wanted = decisions.filter(({ decision }) => decision === 'change').length
  console.info(
    `${clicks.length} clicks, ${decisions.length} decisions, ${wanted} changes decided, ${made} made`,
  )
  expect(made).toBeGreaterThan(0)
  expect(made).toBeLessThanOrEqual(wanted)
}
