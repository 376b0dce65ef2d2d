/** What the topics of the solution say about the shop now: products, their windows, and decisions about their prices. */
import type { ApplicationDeps, RecentRecords, ReferenceTable } from '../solution.ts'
import { RAILS_TABLE } from './decision/rails-table.ts'
import type { Demand, MarketReport, PriceDecision, Product, ProductWindow } from './generated/types.ts'
import { MODEL } from './tables.ts'
import { TRENDS } from './trends.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** The clicks of this time are those of now. */
const NOW_MS = 5 * MINUTE_MS
/** A market that has not reported for so long is not shown. */
const MARKET_MS = 5 * MINUTE_MS
/** Decisions of the last hours are shown. */
const DECISIONS_MS = 6 * HOUR_MS
const MAX_DECISIONS = 100
const MAX_DECISIONS_OF_PRODUCT = 400

type Deps = Pick<ApplicationDeps, 'recent' | 'rows' | 'table'>

export class ShopView {
  readonly catalogue: ReadonlyMap<string, Product>
  readonly #trends: ReferenceTable
  readonly #rails: ReferenceTable
  readonly #market = new Map<string, MarketReport>()
  readonly #demand = new Map<string, Demand>()
  readonly #windows = new Map<string, Map<number, ProductWindow>>()
  readonly #decisions = new Map<string, PriceDecision[]>()
  #topics: readonly RecentRecords[] = []

  private constructor(catalogue: ReadonlyMap<string, Product>, table: Deps['table']) {
    this.catalogue = catalogue
    this.#trends = table(TRENDS)
    this.#rails = table(RAILS_TABLE)
  }

  static async open({ recent, rows, table }: Deps): Promise<ShopView> {
    const view = new ShopView(await rows('sneaker.catalogue'), table)
    view.#topics = await Promise.all([
      recent('sneaker.market', MARKET_MS, (report: MarketReport) =>
        view.#market.set(report.productId, report),
      ),
      recent('sneaker.demand', HOUR_MS, (demand: Demand) => view.#demand.set(demand.productId, demand)),
      recent('sneaker.windows', HOUR_MS, (window: ProductWindow) => keep(view.#windows, window)),
      recent('sneaker.decisions', DECISIONS_MS, (decision: PriceDecision) => view.#decided(decision)),
    ])
    return view
  }

  /** Resolves when the view has all records up to now. */
  async read(): Promise<void> {
    await Promise.all(this.#topics.map((topic) => topic.read()))
  }

  /** The products in the order of their ids. */
  products() {
    return [...this.catalogue.values()]
      .map((product) => ({
        ...product,
        market: this.#market.get(product.productId) ?? null,
        demand: this.#demand.get(product.productId) ?? null,
        trend: this.#trends.entries.get(product.productId) ?? null,
      }))
      .sort((a, b) => (a.productId < b.productId ? -1 : 1))
  }

  /** The windows of a product in the last hour, the earliest first. */
  windowsOf(productId: string) {
    const found = [...(this.#windows.get(productId)?.values() ?? [])]
    return found.sort((a, b) => a.start - b.start).map(windowShown)
  }

  /** The decisions about a product, the newest first. */
  decisionsOf(productId: string) {
    return (this.#decisions.get(productId) ?? []).toReversed().map((one) => this.#shown(one))
  }

  /** What the page shows. */
  snapshot() {
    const at = Date.now()
    const counted = countedLately(this.#windows, at)
    const latest = [...this.#decisions.values()].flat().sort((a, b) => b.at - a.at)
    return {
      at,
      counted,
      products: this.products().map((product) => ({
        ...product,
        clicksNow: clicksWithin(counted, this.#windows.get(product.productId)),
      })),
      decisions: latest.slice(0, MAX_DECISIONS).map((one) => this.#shown(one)),
      rails: Object.fromEntries(this.#rails.entries),
    }
  }

  #decided(decision: PriceDecision): void {
    const of = this.#decisions.get(decision.productId) ?? []
    this.#decisions.set(decision.productId, of)
    if (of.push(decision) > MAX_DECISIONS_OF_PRODUCT) of.shift()
  }

  #shown(decision: PriceDecision) {
    return decisionShown(decision, this.catalogue.get(decision.productId))
  }
}

/** Keeps the last result of each window of the last hour. */
function keep(windows: Map<string, Map<number, ProductWindow>>, window: ProductWindow): void {
  const of = windows.get(window.productId) ?? new Map<number, ProductWindow>()
  windows.set(window.productId, of)
  const before = of.get(window.start)
  if (before === undefined || before.revision < window.revision) of.set(window.start, window)
  for (const start of of.keys()) if (start < window.start - HOUR_MS) of.delete(start)
}

/** `applied`: whether the catalogue has the change; null if it was changed again, so that nobody can tell. */
function decisionShown(decision: PriceDecision, product: Product | undefined) {
  const { features: _features, outlookFrom: _from, outlookTo: _to, reason, ...rest } = decision
  const [changedAt, isOwn] = [product?.priceChangedAt ?? 0, product?.changedBy === MODEL]
  const applied = changedAt > decision.at ? null : changedAt === decision.at && isOwn
  return { ...rest, words: reason, applied: decision.decision === 'change' ? applied : null }
}

/** A time in which windows are complete, ms since the epoch. */
interface Span {
  readonly from: number
  readonly until: number
}

/** The last minutes that windows have counted; null if none has. A shop that has just opened has counted less. */
function countedLately(
  windows: ReadonlyMap<string, ReadonlyMap<number, ProductWindow>>,
  at: number,
): Span | null {
  let [first, until] = [Infinity, -Infinity]
  for (const of of windows.values())
    for (const { start, windowMs } of of.values()) {
      if (start >= at - NOW_MS) first = Math.min(first, start)
      until = Math.max(until, start + windowMs)
    }
  return first < until ? { from: first, until } : null
}

function clicksWithin(counted: Span | null, windows: ReadonlyMap<number, ProductWindow> = new Map()): number {
  let sum = 0
  for (const { start, clicks } of windows.values())
    if (counted !== null && start >= counted.from) sum += clicks
  return sum
}

const windowShown = ({ start, windowMs, clicks, units, revenueCents, priceCents }: ProductWindow) => ({
  start,
  windowMs,
  clicks,
  units,
  revenueCents,
  priceCents,
})
