/** What the page of the prices shows, and the prices that people set on it. */
import type { ApplicationDefinition } from '../solution.ts'
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
const MAX_PRICE_CENTS = 10_000_000
const MAX_HOLD_MINUTES = 43_200
const PARAMS = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[\\x21-\\x7e]{1,100}$' } },
} as const
const EDIT = {
  type: 'object',
  additionalProperties: false,
  required: ['priceCents'],
  properties: {
    priceCents: { type: 'integer', minimum: 1, maximum: MAX_PRICE_CENTS },
    holdMinutes: { type: 'integer', minimum: 0, maximum: MAX_HOLD_MINUTES, default: 60 },
  },
} as const

interface One {
  readonly Params: { readonly id: string }
}

interface Edit extends One {
  readonly Body: { readonly priceCents: number; readonly holdMinutes: number }
}

export const application: ApplicationDefinition = {
  async open({ identify, publish, recent, requireRead, rows, table }) {
    const catalogue: ReadonlyMap<string, Product> = await rows('sneaker.catalogue')
    const market = new Map<string, MarketReport>()
    const demand = new Map<string, Demand>()
    const windows = new Map<string, Map<number, ProductWindow>>()
    const decisions = new Map<string, PriceDecision[]>()
    const topics = await Promise.all([
      recent('sneaker.market', MARKET_MS, (report: MarketReport) => market.set(report.productId, report)),
      recent('sneaker.demand', HOUR_MS, (one: Demand) => demand.set(one.productId, one)),
      recent('sneaker.windows', HOUR_MS, (window: ProductWindow) => keep(windows, window)),
      recent('sneaker.decisions', DECISIONS_MS, (decision: PriceDecision) => {
        const of = decisions.get(decision.productId) ?? []
        decisions.set(decision.productId, of)
        if (of.push(decision) > MAX_DECISIONS_OF_PRODUCT) of.shift()
      }),
    ])
    const [trends, rails] = [table(TRENDS), table(RAILS_TABLE)]
    const products = () =>
      [...catalogue.values()]
        .map((product) => ({
          ...product,
          market: market.get(product.productId) ?? null,
          demand: demand.get(product.productId) ?? null,
          trend: trends.entries.get(product.productId) ?? null,
        }))
        .sort((a, b) => (a.productId < b.productId ? -1 : 1))
    const shown = (decision: PriceDecision) => decisionShown(decision, catalogue.get(decision.productId))

    return {
      routes(app) {
        app.get(
          '/v1/sneakers',
          { onRequest: async (request) => requireRead(identify(request), 'sneaker.catalogue') },
          async (_, reply) => {
            await Promise.all([topics[0].read(), topics[1].read()])
            return reply.header('cache-control', 'no-store').send({ products: products() })
          },
        )
        app.get<One>(
          '/v1/sneakers/:id/windows',
          {
            schema: { params: PARAMS },
            onRequest: async (request) => requireRead(identify(request), 'sneaker.windows'),
          },
          async ({ params: { id } }, reply) => {
            await topics[2].read()
            const found = [...(windows.get(id)?.values() ?? [])].sort((a, b) => a.start - b.start)
            return reply.header('cache-control', 'no-store').send({ windows: found.map(windowShown) })
          },
        )
        app.get<One>(
          '/v1/sneakers/:id/decisions',
          {
            schema: { params: PARAMS },
            onRequest: async (request) => requireRead(identify(request), 'sneaker.decisions'),
          },
          async ({ params: { id } }, reply) => {
            await topics[3].read()
            const found = decisions.get(id)?.toReversed() ?? []
            return reply.header('cache-control', 'no-store').send({ decisions: found.map(shown) })
          },
        )
        app.put<Edit>(
          '/v1/sneakers/:id/price',
          { schema: { params: PARAMS, body: EDIT } },
          async (request, reply) => {
            const client = identify(request)
            const { id } = request.params
            const { priceCents, holdMinutes } = request.body
            if (!catalogue.has(id))
              return reply.code(404).send({
                error: { code: 'unknown-product', message: 'The catalogue does not have this product.' },
              })
            const eventTime = Date.now()
            const by = client.name ?? 'the shop'
            const edit = { productId: id, eventTime, priceCents, holdMs: holdMinutes * MINUTE_MS, by }
            await publish(client, 'sneaker.edits', edit, `${id}-${eventTime}`)
            return reply.code(202).send()
          },
        )
      },
      async snapshot() {
        await Promise.all(topics.map((topic) => topic.read()))
        const at = Date.now()
        const counted = countedLately(windows, at)
        const latest = [...decisions.values()].flat().sort((a, b) => b.at - a.at)
        return {
          at,
          counted,
          products: products().map((product) => ({
            ...product,
            clicksNow: clicksWithin(counted, windows.get(product.productId)),
          })),
          decisions: latest.slice(0, MAX_DECISIONS).map(shown),
          rails: Object.fromEntries(rails.entries),
        }
      },
    }
  },
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
