/**
 * Measures the time from a click to the price in the catalogue that follows from it, with windows of one second: hub →
 * flows → table → function → model → decision → catalogue → its rows. The stock of each product is reported as scarce
 * and as plenty in turn, so that each window has another price.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Click, Product } from '@weir/solutions/sneaker-pricing/generated/types.ts'
import { MODEL, PRODUCTS } from '@weir/solutions/sneaker-pricing/tables.ts'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { freePort, type Process, ready, startNode } from '../processes.ts'
import type { Latency } from '../report.ts'

const WINDOW_MS = 1000
/** The time that newly started processes need to compile their hot code. */
const WARM_UP_MS = 30_000
const BATCH_EVERY_MS = 20
const SERVICES = { hub: 'ingest-hub', pricing: 'pricing', enricher: 'enricher' } as const
const RAILS = {
  ...{ coolDownMinutes: 0, minConfidence: 0, maxChangesPerHour: 100_000, pricePoints: [], maxStepPercent: 5 },
  ...{ minMarginPercent: 0, maxMarginPercent: 1000 },
}

export const prices = (perSecond: number, seconds: number) => ({
  title: `Click → price in the catalogue, windows of 1 s, ${perSecond.toLocaleString('en')} clicks/s`,
  contenders: { 'weir (exactly once)': (context: Context) => measure(context, perSecond, seconds) },
})

type Urls = Readonly<Record<keyof typeof SERVICES, string>>

async function measure(context: Context, perSecond: number, seconds: number): Promise<Latency> {
  const { urls, running } = await start(context)
  const histogram = latencyHistogram()
  /** The times of clicks by product and the end of their window. */
  const clicks = new Map<string, number[]>()
  const beginAt = Date.now() + WARM_UP_MS
  const endAt = beginAt + seconds * 1000
  const reading = await readCatalogue(context, ({ productId, changedBy, priceChangedAt }) => {
    const key = `${productId} ${priceChangedAt}`
    if (changedBy === MODEL)
      for (const at of clicks.get(key) ?? []) if (at >= beginAt && at < endAt) histogram.add(Date.now() - at)
    clicks.delete(key)
  })
  try {
    await put(`${urls.enricher}/v1/reference/price-rails/all`, RAILS)
    let reported = 0
    for (let sent = 0, began = Date.now(); Date.now() < endAt; ) {
      const now = Date.now()
      if (now - reported >= WINDOW_MS) void market(urls, (reported = now), Math.floor(now / WINDOW_MS) % 2)
      const due = Math.floor(((now - began) * perSecond) / 1000)
      const batch = Array.from({ length: due - sent }, (_, i) => click(sent + i, now))
      sent = due
      for (const { productId, eventTime } of batch) note(clicks, productId, eventTime)
      if (batch.length > 0) void send(urls, 'sneaker.clicks', batch)
      await pause(BATCH_EVERY_MS)
    }
    await pause(3 * WINDOW_MS)
    return histogram.result()
  } finally {
    await reading.stop()
    for (const process of running.reverse()) await process.stop()
  }
}

async function start({ env }: Context): Promise<{ urls: Urls; running: Process[] }> {
  const [hub, pricing, enricher] = await Promise.all(
    Object.keys(SERVICES).map(async () => `http://127.0.0.1:${await freePort()}`),
  )
  const urls = { hub, pricing, enricher }
  const running: Process[] = []
  for (const [name, service] of Object.entries(SERVICES)) {
    const url = urls[name as keyof Urls]
    const process = startNode(fileURLToPath(new URL(`../../services/${service}/main.ts`, import.meta.url)), {
      ...env,
      HTTP_PORT: new URL(url).port,
      WEIR_SOLUTIONS: 'sneaker-pricing',
      PRICING_URL: pricing,
      FLOW_WINDOW_SECONDS: `sneaker-windows=${WINDOW_MS / 1000}`,
    })
    running.push(process)
    await ready(`${url}/readyz`, process)
  }
  return { urls, running }
}

async function readCatalogue({ kafka, codec }: Context, accept: (product: Product) => void) {
  const reader = await codec.reader('sneaker.catalogue')
  return kafka.read({ topics: ['sneaker.catalogue'], from: 'latest', until: 'stopped' }, async (batch) => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++)
      if (batch.valueStart[i] >= 0)
        accept(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) as Product)
  })
}

function click(number: number, eventTime: number): Click {
  const { id: productId, listPriceCents: priceCents } = PRODUCTS[number % PRODUCTS.length]
  return { visitId: `${productId}-${eventTime}-${number}`, productId, eventTime, priceCents, stock: 100 }
}

function note(clicks: Map<string, number[]>, productId: string, eventTime: number): void {
  const key = `${productId} ${Math.floor(eventTime / WINDOW_MS + 1) * WINDOW_MS}`
  const times = clicks.get(key) ?? []
  times.push(eventTime)
  clicks.set(key, times)
}

const market = (urls: Urls, eventTime: number, isScarce: number): Promise<void> =>
  send(
    urls,
    'sneaker.market',
    PRODUCTS.map(({ id: productId, listPriceCents: competitorCents }) => ({
      ...{ productId, eventTime, stock: isScarce ? 5 : 100_000, competitorCents },
      ...{ nextDeliveryAt: eventTime + 86_400_000, sales: null },
    })),
  )

async function send({ hub }: Urls, topic: string, values: readonly object[]): Promise<void> {
  const response = await fetch(`${hub}/v1/topics/${topic}/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ records: values.map((value) => ({ value })) }),
  })
  if (response.status !== 200)
    throw new Error(`The hub answered ${response.status}: ${await response.text()}`)
}

async function put(url: string, entry: object): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(entry) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
}
