/**
 * The demand for each product: clicks and purchases by windows, and by the last hour and what is usual. Both follow from the
 * activity in the order of its partitions alone.
 */
import { flow, type Source } from '@weir/flow'
import { type Aggregate, running, tumbling } from '@weir/windows'
import type { FlowDeps } from '../solution.ts'
import type {
  Activity,
  Demand,
  ProductWindow,
  RecentWindow,
  RememberedDemand,
  WindowSoFar,
} from './generated/types.ts'
import { NO_HOURS, usualAfter } from './usual.ts'

/** As long as those of AWS Glue's streaming jobs, by default. */
export const WINDOW_MS = 100_000
/** A window waits this long for records that were overtaken. What comes later makes a further result of it. */
const DISORDER_MS = 200
const LATENESS_MS = 60_000
/** Without activity in the partition for so long, windows have results by the clock. */
const IDLE_MS = 1000
const QUARTER_MS = 900_000
const HOUR_MS = 3_600_000
/** After a longer silence, what is usual goes on from where it was. */
const MAX_SILENCE_MS = 168 * HOUR_MS

export const windowsFlow = (deps: FlowDeps) =>
  flow<number, Source>()
    .step(deps.decode)
    .keyBy('productId')
    .window(tumbling(deps.windowMs ?? WINDOW_MS), {
      time: 'eventTime',
      states: 'sneaker.windows.open',
      erasures: 'sneaker.windows.erasures',
      late: 'sneaker.activity.late',
      disorderMs: DISORDER_MS,
      latenessMs: LATENESS_MS,
      idleMs: IDLE_MS,
    })
    .aggregate(productWindow)
    .publish('sneaker.windows')

export const demandFlow = (deps: FlowDeps) =>
  flow<number, Source>()
    .step(deps.decode)
    .keyBy('productId')
    .window(running(), {
      time: 'start',
      states: 'sneaker.demand.so-far',
      erasures: 'sneaker.demand.erasures',
      disorderMs: 0,
    })
    .aggregate(demand)
    .publish('sneaker.demand')

export const productWindow: Aggregate<Activity, WindowSoFar, ProductWindow> = {
  init: () => ({ clicks: 0, units: 0, revenueCents: 0, priceCents: 0, stock: null, usual: null }),
  add(window, { units, priceCents, stock, usual }) {
    window.usual = usual
    if (units > 0) {
      window.units += units
      window.revenueCents += units * priceCents
    } else {
      window.clicks++
      window.priceCents = priceCents
      window.stock = stock
    }
    return window
  },
  result: (window, { key, startMs, endMs, revision }) => ({
    productId: key,
    start: startMs,
    windowMs: endMs - startMs,
    revision,
    ...window,
  }),
}

export const demand: Aggregate<ProductWindow, RememberedDemand, Demand> = {
  init: () => ({ productId: '', windowMs: 0, recent: [], sinceMs: 0, countedUntilMs: 0, usual: NO_HOURS }),
  add(remembered, window) {
    // Before anything was counted, the catalogue says what is usual.
    if (remembered.countedUntilMs === 0) {
      remembered.sinceMs = window.start
      remembered.countedUntilMs = Math.ceil(window.start / HOUR_MS) * HOUR_MS
      remembered.usual = window.usual ?? NO_HOURS
    }
    remembered.productId = window.productId
    remembered.windowMs = window.windowMs
    place(remembered.recent, window)
    countHours(remembered)
    const from = Math.min(endOf(remembered) - HOUR_MS, remembered.countedUntilMs)
    while (remembered.recent[0].startMs < from) remembered.recent.shift()
    return remembered
  },
  result(remembered) {
    const { productId, windowMs, recent, usual } = remembered
    const at = endOf(remembered)
    const hour = countsOf(remembered, HOUR_MS)
    const quarter = countsOf(remembered, QUARTER_MS)
    const last = recent.at(-1)!
    return {
      productId,
      at,
      windowMs,
      clicks: hour.clicks,
      quarterClicks: quarter.clicks,
      units: hour.units,
      revenueCents: hour.revenueCents,
      windowClicks: last.clicks,
      windowUnits: last.units,
      usual,
    }
  },
}

/** Returns the counts of the last `ms`. What is missing of them, because the product is new, was as usual. */
function countsOf(remembered: RememberedDemand, ms: number): ReturnType<typeof sumOf> {
  const { recent, sinceMs, usual } = remembered
  const at = endOf(remembered)
  const { clicks, units, revenueCents } = sumOf(recent.filter(({ startMs }) => startMs >= at - ms))
  const missingHours = Math.max(0, ms - (at - sinceMs)) / HOUR_MS
  const missingUnits = Math.round(usual.units * missingHours)
  return {
    clicks: clicks + Math.round(usual.clicks * missingHours),
    units: units + missingUnits,
    revenueCents: revenueCents + Math.round(missingUnits * usual.priceCents),
  }
}

const endOf = ({ recent, windowMs }: RememberedDemand): number => recent.at(-1)!.startMs + windowMs

/** Puts a window in its place. A further result of a window replaces the one before. */
function place(recent: RecentWindow[], window: ProductWindow): void {
  const { start: startMs, clicks, units, revenueCents, priceCents, stock } = window
  const one = { startMs, clicks, units, revenueCents, priceCents, stock }
  const before = recent.findLastIndex((other) => other.startMs <= startMs)
  if (recent[before]?.startMs === startMs) recent[before] = one
  else recent.splice(before + 1, 0, one)
}

/** Makes the hours before the latest window a part of what is usual. Later results of their windows do not change that. */
function countHours(remembered: RememberedDemand): void {
  const { recent } = remembered
  const until = Math.floor(recent.at(-1)!.startMs / HOUR_MS) * HOUR_MS
  if (until - remembered.countedUntilMs > MAX_SILENCE_MS) remembered.countedUntilMs = until
  for (; remembered.countedUntilMs < until; remembered.countedUntilMs += HOUR_MS) {
    const from = remembered.countedUntilMs
    const windows = recent.filter(({ startMs }) => startMs >= from && startMs < from + HOUR_MS)
    const { clicks, units } = sumOf(windows)
    const seen = windows.findLast(({ priceCents }) => priceCents > 0)
    const hour = { clicks, units, priceCents: seen?.priceCents ?? remembered.usual.priceCents }
    // Nobody saw a price: there is nothing to learn.
    if (hour.priceCents > 0)
      remembered.usual = usualAfter(remembered.usual, { ...hour, stock: seen?.stock ?? 1 })
  }
}

function sumOf(windows: readonly RecentWindow[]): Pick<RecentWindow, 'clicks' | 'units' | 'revenueCents'> {
  const sum = { clicks: 0, units: 0, revenueCents: 0 }
  for (const { clicks, units, revenueCents } of windows) {
    sum.clicks += clicks
    sum.units += units
    sum.revenueCents += revenueCents
  }
  return sum
}
