/**
 * The whole solution over real servers: a simulated shop, the hub, the enricher and pricing as processes, and a
 * visitor in a browser.
 */
import { startReady } from '@weir/alerter/testing/service.ts'
import { type Hub, prepare, startHub } from '@weir/ingest-hub/testing/hub.ts'
import { type KafkaCluster, kafkaCluster, servers } from '@weir/testkit'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { openItemsApi } from '@weir/tools/weir/items-api.ts'
import { openReferenceApi } from '@weir/tools/weir/reference/api.ts'
import { simulate } from '@weir/tools/weir/simulate/simulate.ts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, openPage } from '../taxi-telemetry/testing/browser.ts'
import { solution } from './solution.ts'
import { CATALOGUE, PRODUCTS } from './tables.ts'
import { quickened } from './testing/quickened.ts'

const soon = { timeout: 60_000 }
/** A trend rises in seconds instead of two minutes, and there are enough clicks also by night. */
const QUICKER = 10
const [popular, other] = PRODUCTS.toSorted((a, b) => b.appeal.visitsPerHour - a.appeal.visitsPerHour)

let cluster: KafkaCluster
let stopKafka: () => Promise<void>
let hub: Hub
let enricher: ServiceProcess
let pricing: ServiceProcess
let browser: Browser
const selling = new AbortController()
let sold: Promise<void>

beforeAll(async () => {
  const [registry, redis] = await Promise.all([servers.registry(), servers.redis()])
  // Services of another test would take their share of the records.
  cluster = await kafkaCluster({ brokers: 1 })
  const { brokers } = cluster
  ;({ stop: stopKafka } = await prepare({ brokers, registryUrl: registry.url }))
  const env = {
    KAFKA_BROKERS: brokers.join(),
    REGISTRY_URL: registry.url,
    REDIS_URL: `${redis.url}/3`,
    ALLOW_ANONYMOUS: 'true',
    WEIR_SOLUTIONS: solution.name,
  }
  hub = await startHub({ brokers, registryUrl: registry.url })
  pricing = await startReady('pricing', env)
  enricher = await startReady('enricher', {
    ...env,
    PRICING_URL: pricing.url,
    FLOW_WINDOW_SECONDS: 'sneaker-windows=1',
  })
  browser = await openBrowser()
}, 180_000)

afterAll(async () => {
  selling.abort()
  await sold
  await browser?.close()
  for (const service of [enricher, pricing, hub]) {
    service?.kill('SIGTERM')
    expect(await service?.exited).toBe(0)
  }
  await stopKafka?.()
  await cluster?.stop()
}, 60_000)

const open = ({ id }: { readonly id: string }) =>
  openPage(browser, `${enricher.url}/sneaker-pricing/#product=${id}`)

test('a shop without shoppers says how to let them in; then their clicks are on the page', async () => {
  const { page, wrongs, close } = await open(popular)
  await page.getByText('The shop is quiet').waitFor()
  await page.getByText('npx weir simulate sneaker-pricing', { exact: true }).first().waitFor()
  expect(await page.locator('#list-body tr').count()).toBe(PRODUCTS.length)
  expect(await page.locator('#decisions-note').innerText()).toMatch(/^No decision has been made yet/)

  sold = simulate(
    {
      solutions: [{ ...solution, simulator: quickened(solution.simulator!, QUICKER) }],
      devices: 1,
      hub: hub.url,
      apiKey: undefined,
      reference: openReferenceApi(enricher.url, undefined),
      items: openItemsApi(pricing.url, undefined),
      signal: selling.signal,
      log: () => {},
    },
    { stored: 0, refused: 0, dropped: 0 },
  )
  await page.getByText('The shop is quiet').waitFor({ state: 'hidden', timeout: 60_000 })
  await expect.poll(() => page.locator('#figure-pace').innerText(), soon).toMatch(/^[\d.]+×$/)
  await expect.poll(() => page.locator('#figure-window-note').innerText(), soon).toContain('window of 1 s')
  await expect.poll(() => page.locator('#product-facts').innerText(), soon).toContain('Next delivery')
  expect(wrongs).toEqual([])
  await close()
}, 120_000)

test('a visitor starts a trend, sees the clicks of the product rise, and ends the trend', async () => {
  const { page, wrongs, close } = await open(popular)
  const startedAt = Date.now()
  await page.getByRole('button', { name: 'Start a trend' }).click()
  await page.getByRole('button', { name: 'End the trend' }).waitFor()
  await page.locator('#product-state').getByText('A trend is on').waitFor({ timeout: 10_000 })
  await expect.poll(() => page.locator('#list-body tr').first().innerText(), soon).toContain(popular.name)
  const times = async (id: string) => Number.parseFloat(await page.locator(id).innerText())
  await expect
    .poll(async () => (await times('#clicks-now')) / (await times('#figure-pace')), {
      timeout: 120_000,
      interval: 500,
    })
    .toBeGreaterThan(2)
  console.info(`a trend has doubled the clicks on the page after ${Date.now() - startedAt} ms`)
  if (process.env.SCREENSHOTS)
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/sneakers.png`, fullPage: true })
  await page.getByText('Show as table').click()
  await expect.poll(() => page.locator('#windows-table tbody tr').count(), soon).toBeGreaterThan(3)

  await page.getByRole('button', { name: 'End the trend' }).click()
  await page.getByRole('button', { name: 'Start a trend' }).waitFor()
  await page
    .locator('#product-state')
    .getByText('A trend is on')
    .waitFor({ state: 'hidden', timeout: 10_000 })
  expect(wrongs).toEqual([])
  await close()
}, 300_000)

test('a visitor sets a price by hand, and the catalogue has it and holds it', async () => {
  const { page, wrongs, close } = await open(other)
  const { id, listPriceCents } = other
  const priceCents = listPriceCents + 500
  const shown = `$${(priceCents / 100).toFixed(2)}`
  await page.locator('#price-now').getByText('$').waitFor()
  await page.getByLabel('Price, $').fill(String(priceCents / 100))
  await page.getByLabel('Held for').selectOption('15 minutes')
  const askedAt = Date.now()
  await page.getByRole('button', { name: 'Set the price' }).click()
  await page.locator('#price-held').getByText('for 14 min').waitFor()
  console.info(`a price set by hand is on the page after ${Date.now() - askedAt} ms`)
  expect(await page.locator('#price-now').innerText()).toBe(shown)
  expect(await page.locator('#list-body tr', { hasText: other.name }).innerText()).toContain(shown)
  await expect.poll(() => page.locator('#figure-changed').innerText(), soon).toMatch(/^[1-9]/)

  const item = async (): Promise<any> =>
    (await openItemsApi(pricing.url, undefined).items(CATALOGUE, 'productId'))[id]
  const { changedBy, heldUntil, ...found } = await item()
  expect([found.priceCents, changedBy, heldUntil - found.priceChangedAt]).toEqual([
    priceCents,
    'the shop',
    900_000,
  ])

  await page.getByRole('button', { name: 'Release it' }).click()
  await page.locator('#price-held').waitFor({ state: 'hidden' })
  expect((await item()).heldUntil).toBeLessThanOrEqual(Date.now())
  expect(wrongs).toEqual([])
  await close()
}, 120_000)
