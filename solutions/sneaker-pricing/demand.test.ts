import { running, tumbling } from '@weir/windows'
import { resultsOf } from '@weir/windows/testing/results.ts'
import { expect, test } from 'vitest'
import { demand, productWindow } from './demand.ts'
import type { Activity, Demand, ProductWindow } from './generated/types.ts'
import { usualAfter } from './usual.ts'

const HOUR_MS = 3_600_000
const WINDOW_MS = 100_000
/** The beginning of an hour. */
const START_MS = 490_000 * HOUR_MS
const usual = { hours: 168, weight: 80, clicks: 30, units: 2, priceCents: 9995 }

function activity(atMs: number, units = 0, stock: number | null = units > 0 ? null : 40): Activity {
  const product = { productId: 'a', name: 'A', listPriceCents: 9995, costCents: 5000, usual }
  return { ...product, visitId: String(atMs), eventTime: START_MS + atMs, units, priceCents: 9995, stock }
}

const windowsOf = (events: readonly Activity[]): ProductWindow[] =>
  resultsOf(
    { window: tumbling(WINDOW_MS), disorderMs: 1000, latenessMs: 60_000, aggregate: productWindow },
    events.map((event) => ['a', event.eventTime, event] as const),
  )
const demandOf = (windows: readonly ProductWindow[]): Demand[] =>
  resultsOf(
    { window: running(), disorderMs: 0, aggregate: demand },
    windows.map((window) => ['a', window.start, window] as const),
  )
const window = (startMs: number, counts: Partial<ProductWindow> = {}): ProductWindow => ({
  ...{ productId: 'a', start: START_MS + startMs, windowMs: WINDOW_MS, revision: 1 },
  ...{ clicks: 1, units: 0, revenueCents: 0, priceCents: 9995, stock: 40, usual },
  ...counts,
})

test('a window counts clicks and pairs, and knows the last price and stock that were seen', () => {
  const events = [activity(1000), activity(2000, 2), activity(3000, 0, 38), activity(150_000), activity(1500)]
  expect(windowsOf([...events, activity(300_000)])).toMatchObject([
    {
      start: START_MS,
      windowMs: WINDOW_MS,
      revision: 1,
      clicks: 2,
      units: 2,
      revenueCents: 19_990,
      stock: 38,
    },
    // The click at 1.5 s came late.
    { start: START_MS, revision: 2, clicks: 3 },
    { start: START_MS + WINDOW_MS, clicks: 1, units: 0, stock: 40 },
  ])
})

test('the demand has the last hour and quarter of an hour, and a further result of a window replaces the one before', () => {
  const windows = Array.from({ length: 40 }, (_, i) => window(i * WINDOW_MS, { clicks: i, units: i % 2 }))
  const all = demandOf([...windows, window(39 * WINDOW_MS, { clicks: 100, units: 3, revision: 2 })])
  expect(all).toHaveLength(41)
  const sum = (from: number, to: number): number => ((from + to) * (to - from + 1)) / 2
  expect(all[39]).toMatchObject({
    at: START_MS + 40 * WINDOW_MS,
    clicks: sum(4, 39),
    quarterClicks: sum(31, 39),
    units: 18,
    windowClicks: 39,
  })
  expect(all[40]).toMatchObject({ clicks: sum(4, 38) + 100, units: 17 + 3, windowUnits: 3 })
})

test('what is missing of the first hour was as usual', () => {
  const [first, second] = demandOf([
    window(0, { clicks: 4 }),
    window(12 * WINDOW_MS, { clicks: 2, units: 1 }),
  ])
  // 30 clicks and 2 pairs an hour; 35 of 36 windows are missing, and then 23 of them.
  expect(first).toMatchObject({ clicks: 4 + 29, quarterClicks: 4 + 7, units: 2, windowClicks: 4 })
  expect(second).toMatchObject({ clicks: 6 + 19, quarterClicks: 2, units: 1 + 1, revenueCents: 9995 })
})

test('what is usual begins with the catalogue, and takes each hour when it is over', () => {
  const windows = [window(-WINDOW_MS), window(0, { clicks: 5, units: 1, stock: 9 })]
  const results = demandOf([...windows, window(HOUR_MS - WINDOW_MS), window(HOUR_MS), window(3 * HOUR_MS)])
  expect(results.slice(0, 3).map((one) => one.usual)).toEqual([usual, usual, usual])
  const first = usualAfter(usual, { clicks: 6, units: 1, priceCents: 9995, stock: 40 })
  expect(results[3].usual).toEqual(first)
  const second = usualAfter(first, { clicks: 1, units: 0, priceCents: 9995, stock: 40 })
  const silent = usualAfter(second, { clicks: 0, units: 0, priceCents: second.priceCents, stock: 1 })
  expect(results[4].usual).toEqual(silent)
})

test('an hour that ends without stock is not a part of what is usual', () => {
  const results = demandOf([window(0, { stock: 3 }), window(WINDOW_MS, { stock: 0 }), window(HOUR_MS)])
  expect(results[2].usual).toEqual(usual)
})

test('after a silence of more than a week, what is usual goes on from where it was', () => {
  const results = demandOf([window(0), window(HOUR_MS), window(400 * HOUR_MS), window(401 * HOUR_MS)])
  expect(results[2].usual).toEqual(results[1].usual)
  expect(results[3].usual.hours).toBe(results[1].usual.hours + 1)
  expect(results[2]).toMatchObject({ clicks: 1, units: 0 })
})
