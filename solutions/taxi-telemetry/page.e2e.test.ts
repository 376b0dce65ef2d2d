import { setTimeout as pause } from 'node:timers/promises'
import { openPageServer, type PageServer } from '@weir/indexer/testing/page-server.ts'
import { type KafkaCluster, kafkaCluster } from '@weir/testkit'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { solution as taxiTelemetry } from './solution.ts'
import { openBrowser, openPage } from './testing/browser.ts'
import { openLine } from './testing/line.ts'
import { pageStates } from './testing/page.suite.ts'
import { groundOf, openRecorded, pixelsOf, seriesOf } from './testing/page-drawings.ts'
import { eventually, live, text } from './testing/page-texts.ts'
import { simulateDocuments } from './testing/simulated-documents.ts'

const TAXIS = 60
/** Clients may choose such names: the page cuts them, and breaks lines if it must. */
const LONG_NAME = 'client'.repeat(300)
const STAGES = ['ingest-hub.http', 'enricher.taxi', 'indexer.taxi']

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

pageStates(() => browser)

describe('the page with driving taxis', () => {
  let cluster: KafkaCluster
  let server: PageServer
  let driving = true
  let drive: Promise<void>

  beforeAll(async () => {
    cluster = await kafkaCluster({ brokers: 1 })
    server = await openPageServer(taxiTelemetry, { engine: 'opensearch', brokers: cluster.brokers })
    const { seed } = taxiTelemetry.tables.zones
    for (const [id, zone] of Object.entries(seed)) await server.putReference('zones', id, zone)
    const simulated = simulateDocuments(TAXIS)
    const now = Date.now()
    for (let time = now - 15 * 60_000; time < now; time += 10_000)
      await server.index(simulated.next(time), { refresh: false })
    drive = (async () => {
      for (; driving; await pause(1000)) {
        const time = Date.now()
        await server.index(
          simulated.next(time).map((document) => ({ ...document, source: LONG_NAME })),
          { refresh: false },
        )
        for (const stage of STAGES)
          await server.putStats({
            stage,
            instance: 'one',
            time,
            intervalMs: 1000,
            records: TAXIS,
            failed: 0,
            lag: 3,
            p50: 4.2,
            p99: 18,
          })
      }
    })()
  })
  afterAll(async () => {
    driving = false
    await drive
    await server?.stop()
    await cluster?.stop()
  })

  test('draws taxis in the colours of their states, and has data for every chart', async () => {
    const { page, wrongs, close } = await openPage(browser, server.url)
    await live(page)
    await eventually(() => text(page, '#figure-taxis')).toBe(String(TAXIS))
    for (const state of ['occupied', 'moving', 'idle'])
      await eventually(() => pixelsOf(page, state)).toBeGreaterThan(50)
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
    await eventually(async () => sum((await seriesOf(page, 'states-chart')).map(({ value }) => value))).toBe(
      TAXIS,
    )
    expect(sum(await seriesOf(page, 'speeds-chart'))).toBeGreaterThan(TAXIS)
    expect(Math.max(...(await seriesOf(page, 'trips-chart')).map(([, trips]) => trips))).toBeGreaterThan(10)
    expect(await page.locator('#zones-table tbody tr').count()).toBeGreaterThan(3)
    expect(await page.locator('.stage .badge').allInnerTexts()).toEqual(['Healthy', 'Healthy', 'Healthy'])
    await eventually(() => page.locator('.stage dd').allInnerTexts()).toEqual(
      Array(3).fill(['60 /s', '3 records', '4.2 · 18 ms']).flat(),
    )
    expect(wrongs).toEqual([])
    await close()
  })

  test('describes every chart as text: a summary, and a table with the same values', async () => {
    const { page, close } = await openPage(browser, server.url)
    await live(page)
    await eventually(() => page.locator('#states-summary').textContent()).toMatch(
      /^With passengers: \d+, Vacant, driving: \d+, Vacant, standing: \d+$/,
    )
    expect(await page.locator('#map-summary').textContent()).toMatch(/^60 taxis in one area\.$/)
    expect(await page.locator('#speeds-summary').textContent()).toMatch(
      /^Most common speed: .+ km\/h, \d+ % of the reports\.$/,
    )
    await page.getByText('Show as table').last().click()
    const rows = await page.locator('#trips-table tbody tr').count()
    expect(rows).toBe((await seriesOf(page, 'trips-chart')).length)
    await close()
  })

  test('shows a new document soon after it is searchable, and keeps its charts', async () => {
    const { page, wrongs, arrivals, close } = await openRecorded(browser, server.url)
    await live(page)
    await eventually(() => text(page, '#figure-taxis')).toMatch(/^\d+$/)
    const before = Number(await text(page, '#figure-taxis'))
    const marked = await page.evaluate(() => {
      const { document } = globalThis as any
      for (const canvas of document.querySelectorAll('canvas')) canvas.dataset.seen = 'yes'
      return document.querySelectorAll('canvas').length
    })
    const time = Date.now()
    await server.index([
      {
        deviceId: `new-${time}`,
        tripId: 'new-trip',
        position: { lat: 40.75, lon: -73.98 },
        speed: 30,
        heading: 30,
        state: 'OCCUPIED',
        zone: 'midtown',
        zoneName: 'Midtown',
        eventTime: time,
        arrivalTime: time,
        source: 'e2e',
      },
    ])
    const searchable = Date.now()
    await eventually(() => text(page, '#figure-taxis')).toBe(String(before + 1))
    // The server makes one snapshot after the other. The search of the first may have begun too early, that of
    // the second has the document. A busy machine may paint it a little later.
    const after = async () => (await arrivals()).filter(({ time }) => time >= searchable)
    await eventually(async () => (await after()).length).toBeGreaterThanOrEqual(6)
    expect((await after()).slice(2, 6)).toContainEqual(
      expect.objectContaining({ taxis: String(before + 1), painted: true }),
    )
    expect(await page.locator('canvas[data-seen="yes"]').count()).toBe(marked)
    expect(wrongs).toEqual([])
    await close()
  })

  test('draws new data of a chart when it comes near the window', async () => {
    const { page, close } = await openPage(browser, server.url, { viewport: { width: 360, height: 740 } })
    await live(page)
    await eventually(() => seriesOf(page, 'speeds-chart')).not.toEqual([])
    const first = await seriesOf(page, 'speeds-chart')
    const numbers = async () =>
      (await page.locator('#speeds-table td').allTextContents()).map((text) => Number(text.replace(',', '')))
    await eventually(numbers).not.toEqual(first)
    expect(await seriesOf(page, 'speeds-chart')).toEqual(first)
    await page.locator('#speeds-chart').scrollIntoViewIfNeeded()
    await eventually(() => seriesOf(page, 'speeds-chart')).not.toEqual(first)
    await close()
  })

  test('shows a tip for what is under the pointer, and none elsewhere', async () => {
    const { page, wrongs, close } = await openPage(browser, server.url, { reducedMotion: 'reduce' })
    await live(page)
    await page.getByRole('button', { name: 'Taxis' }).click()
    const zone = page.locator('.zone').first()
    const name = await zone.innerText()
    await zone.click()
    const tip = page.locator('#map-tip')
    const pointAt = async (x: number, y: number): Promise<void> => {
      const { x: left, y: top, width, height } = (await page.locator('#map').boundingBox())!
      await page.mouse.move(left + width * x, top + height * y)
    }
    const nameAt = async (x: number, y: number): Promise<string> => {
      await pointAt(x, y)
      return tip.innerText()
    }
    // The chosen zone is in the middle of the map.
    await eventually(() => nameAt(0.5, 0.5)).toBe(name)
    await pointAt(0.02, 0.5)
    await tip.waitFor({ state: 'hidden' })
    expect(wrongs).toEqual([])
    await close()
  })

  test('gives taxis far outside the zones an area of their own, and follows them there', async () => {
    const { page, wrongs, close } = await openPage(browser, server.url)
    await live(page)
    await eventually(() => page.getByRole('radio').count()).toBe(2)
    const at = (moment: number) => ({
      deviceId: `athens-${moment % 3}`,
      position: { lat: 37.98 + (moment % 3) / 1000, lon: 23.73 },
      speed: 20,
      heading: null,
      state: 'MOVING',
      zone: '883f5d2a5dfffff',
      zoneName: null,
    })
    const time = Date.now()
    await server.index(
      [0, 1, 2].map((i) => ({ ...at(i), tripId: null, eventTime: time, arrivalTime: time, source: 'e2e' })),
    )
    const athens = page.getByRole('radio', { name: /37\.98° N, 23\.73° E/ })
    await athens.waitFor()
    await eventually(() => page.locator('.areas .followed').innerText()).toMatch(/37\.98° N/)
    const there = await groundOf(page)
    await page.getByRole('radio', { name: 'All' }).check()
    await eventually(() => text(page, '#scale-text')).toMatch(/^\d000 km$/)
    await athens.check()
    await eventually(() => text(page, '#scale-text')).toMatch(/^\d+ m$/)
    expect(there).toMatch(/^data:image\/png/)
    expect(wrongs).toEqual([])
    await close()
  })

  test('is operated by keyboard: the focus is visible, the map moves, and a zone is found', async () => {
    const { page, close } = await openPage(browser, server.url)
    await live(page)
    await page.locator('#zones-table .zone').first().waitFor()
    const reached: string[] = []
    for (let tabs = 0; tabs < 40; tabs++) {
      await page.keyboard.press('Tab')
      if (
        await page.evaluate(
          () => (globalThis as any).document.activeElement === (globalThis as any).document.body,
        )
      )
        break
      const [name, outline] = (await page.evaluate(() => {
        const { document, getComputedStyle } = globalThis as any
        const element = document.activeElement
        const shown = element.type === 'radio' ? element.parentElement : element
        return [
          element.id || element.className || element.type || element.textContent,
          getComputedStyle(shown).outlineStyle,
        ]
      })) as [string, string]
      expect(`${name}: ${outline}`).not.toMatch(/: none$/)
      reached.push(name)
    }
    expect(reached).toEqual(
      expect.arrayContaining([
        'skip',
        'theme',
        'radio',
        'map',
        'zoom-in',
        'zoom-out',
        'zoom-fit',
        'zone',
        'zones-more',
      ]),
    )

    await page.locator('#map').focus()
    const before = await groundOf(page)
    await page.keyboard.press('ArrowRight')
    await eventually(() => groundOf(page)).not.toBe(before)
    const scale = await text(page, '#scale-text')
    for (let presses = 0; presses < 4; presses++) await page.keyboard.press('+')
    await eventually(() => text(page, '#scale-text')).not.toBe(scale)

    const zone = page.locator('.zone').first()
    await zone.focus()
    await page.keyboard.press('Enter')
    expect(await zone.getAttribute('aria-pressed')).toBe('true')
    await close()
  })

  test.each([
    ['light', 360],
    ['dark', 360],
    ['light', 820],
    ['dark', 1440],
  ] as const)('fits its width with the %s theme at %i px', async (colorScheme, width) => {
    const { page, wrongs, close } = await openPage(browser, server.url, {
      colorScheme,
      viewport: { width, height: 740 },
    })
    await live(page)
    await eventually(() => page.locator('.stage dd').first().innerText()).not.toBe('–')
    expect(await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)).toBe(width)
    const ground = await page.evaluate(
      () => (globalThis as any).getComputedStyle((globalThis as any).document.body).backgroundColor as string,
    )
    const [red] = ground.match(/\d+/g)!.map(Number)
    expect(red < 60).toBe(colorScheme === 'dark')
    expect(wrongs).toEqual([])
    await close()
  })

  test('follows the theme of the system until one is chosen, and keeps the choice', async () => {
    const { page, close } = await openPage(browser, server.url)
    const theme = () =>
      page.evaluate(() => (globalThis as any).document.documentElement.dataset.theme as string)
    await page.emulateMedia({ colorScheme: 'dark' })
    await eventually(theme).toBe('dark')
    await page.getByRole('button', { name: 'Switch to the light theme' }).click()
    expect(await theme()).toBe('light')
    await page.reload()
    expect(await theme()).toBe('light')
    await close()
  })

  test('is not animated for people who prefer reduced motion', async () => {
    const { page, close } = await openPage(browser, server.url, { reducedMotion: 'reduce' })
    await live(page)
    await eventually(() => seriesOf(page, 'states-chart')).not.toEqual([])
    expect(
      await page.evaluate(
        () =>
          (globalThis as any).echarts
            .getInstanceByDom((globalThis as any).document.getElementById('states-chart'))
            .getOption().animation,
      ),
    ).toBe(false)
    await close()
  })

  test('shows a broken connection at once, and reconnects by itself', async () => {
    const line = await openLine(server.url)
    const { page, close } = await openPage(browser, line.url)
    await live(page)
    await page.locator('.stale').waitFor({ state: 'detached' })
    line.cut()
    await page.locator('#status[data-state="broken"]').waitFor()
    expect(await text(page, '#banner')).toMatch(
      /^The connection to the page server is broken; trying again\. What you see is from \d\d:\d\d:\d\d\.$/,
    )
    line.mend()
    await live(page)
    expect(await page.locator('#banner').isHidden()).toBe(true)
    await close()
    await line.close()
  })
})
