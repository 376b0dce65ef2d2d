/** The landing page in a browser: dead letters and the states of services. */
import { randomUUID } from 'node:crypto'
import { SERVICES } from '@weir/contracts/services.ts'
import { startHub } from '@weir/ingest-hub/testing/hub.ts'
import { openBrowser, openPage } from '@weir/solutions/taxi-telemetry/testing/browser.ts'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ConsoleTest, openConsoleTest } from './testing/console.ts'

/** The page must show text from records as text. */
const HOSTILE = '<img src=x onerror=alert(1)>'
let kit: ConsoleTest
let hub: ServiceProcess
let service: ServiceProcess
let browser: Browser

beforeAll(async () => {
  kit = await openConsoleTest()
  hub = await startHub({ brokers: kit.env.KAFKA_BROKERS.split(','), registryUrl: kit.env.REGISTRY_URL })
  service = await kit.start({ HUB_URL: hub.url })
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await kit?.stop()
  hub?.kill('SIGTERM')
  await hub?.exited
})

test('a dead letter appears, is opened, and is sent back after a confirmation, also by keyboard', async () => {
  const code = `${HOSTILE}${randomUUID()}`
  await kit.bury([{ code, message: HOSTILE }], { [HOSTILE]: HOSTILE })
  const { page, wrongs, close } = await openPage(browser, service.url)
  const cause = page.locator('.cause').filter({ hasText: code })
  await cause.waitFor({ timeout: 15_000 })
  expect(await cause.innerText()).toContain('1 letter · newest less than a minute ago')

  await cause.getByRole('button', { name: /^Look/ }).press('Enter')
  const letter = page.locator('.letter').first()
  await letter.locator('pre').waitFor()
  expect(await letter.innerText()).toContain('"deviceId": "taxi-0417"')
  expect(await letter.locator('.letter-message').innerText()).toBe(HOSTILE)
  expect(await page.locator('img').count()).toBe(0)

  const dialog = page.locator('#confirm')
  await cause.getByRole('button', { name: /^Send letters back/ }).press('Enter')
  await dialog.waitFor()
  expect(await dialog.locator('h2').innerText()).toBe('Send this letter back?')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  expect(await page.locator('#redrives li:visible').count()).toBe(0)

  await cause.getByRole('button', { name: /^Send letters back/ }).click()
  await page.getByRole('button', { name: 'Send back', exact: true }).last().click()
  await page.locator('#redrives').getByText('1 letter sent back.').waitFor({ timeout: 15_000 })
  await cause.getByText('0 letters, 1 sent back before').waitFor({ timeout: 15_000 })
  expect(await cause.getByRole('button', { name: /^Send letters back/ }).isDisabled()).toBe(true)
  expect(wrongs).toEqual([])
  await close()
})

test.each([
  ['light', 360],
  ['dark', 1400],
] as const)(
  'the page shows solutions, flows and tables without scrolling sideways (%s, %i px)',
  async (colorScheme, width) => {
    const { page, wrongs, close } = await openPage(browser, service.url, {
      colorScheme,
      viewport: { width, height: 800 },
      reducedMotion: 'reduce',
    })
    await page.locator('#topics-table tbody tr').first().waitFor({ timeout: 15_000 })
    expect(await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)).toBe(width)
    expect(await page.locator('.solution h2').allInnerTexts()).toEqual([
      'Taxi telemetry',
      'Location-based offers',
      'Fleet anomalies',
      'Sneaker prices',
      'Notifications',
    ])
    expect(await page.locator('.chain').first().locator('.pipe-name').allInnerTexts()).toEqual([
      'taxi.telemetry',
      'taxi.enriched',
    ])
    await page.locator('.card').filter({ hasText: 'flow: once' }).getByText('Not reporting').first().waitFor()
    expect(wrongs).toEqual([])
    await close()
  },
)

test('a service that stops is shown as down with its remedy, and the last list remains, greyed', async () => {
  const { page, close } = await openPage(browser, service.url)
  const card = page.locator('.service').filter({ hasText: 'ingest-hub' })
  await card.getByText('Ready', { exact: true }).waitFor({ timeout: 15_000 })
  await page.locator('#streams-table').waitFor({ state: 'attached' })
  hub.kill('SIGTERM')
  await hub.exited
  await card.getByText('Down').waitFor({ timeout: 15_000 })
  expect(await card.locator('.remedy').innerText()).toContain('npx weir up')
  await page
    .locator('#streams-note')
    .getByText('The ingest-hub, which has the streams, is down.')
    .waitFor({ timeout: 15_000 })
  expect(await page.locator('#streams').getAttribute('class')).toContain('old')
  expect(await page.locator('#figure-services').innerText()).toBe(`0 of ${SERVICES.length - 1}`)
  await close()
})
