/** The catalogue with its prices, the market, and the demand: tables that functions and people read and write. */
import type { FillDefinition, ItemTableDefinition, PlainItem } from '../item-tables.ts'
import type { Demand, MarketReport, PriceDecision, PriceEdit } from './generated/types.ts'
import { catalogue, type Product } from './shop/products.ts'
import { shareOfBuyers } from './shop/shoppers.ts'
import { HALF_LIFE_HOURS } from './usual.ts'

export const CATALOGUE = 'sneaker-catalogue'
export const DEMAND = 'sneaker-demand'
export const MARKET = 'sneaker-market'
/** Who has changed a price that a decision changed. */
export const MODEL = 'model'

/** The shop that is simulated has as many shoppers as make its page interesting. */
const SIZE = 4
export const PRODUCTS: readonly Product[] = catalogue(1, 24).map(({ fullStock, appeal, ...product }) => ({
  ...product,
  fullStock: fullStock * SIZE,
  appeal: { ...appeal, visitsPerHour: appeal.visitsPerHour * SIZE },
}))
const USUAL_HOURS = 168
const KEPT = 0.5 ** (1 / HALF_LIFE_HOURS)

/** A shop that begins to set prices knows what it has sold at list prices. */
const seed: readonly PlainItem[] = PRODUCTS.map(
  ({ id, name, category, costCents, listPriceCents, appeal }) => {
    const market = { worthCents: listPriceCents * appeal.worth, competitorCents: listPriceCents }
    return {
      productId: id,
      name,
      category,
      costCents,
      listPriceCents,
      priceCents: listPriceCents,
      usual: {
        hours: USUAL_HOURS,
        weight: (1 - KEPT ** USUAL_HOURS) / (1 - KEPT),
        clicks: appeal.visitsPerHour,
        units: appeal.visitsPerHour * shareOfBuyers(listPriceCents, market),
        priceCents: listPriceCents,
      },
    }
  },
)

export const itemTables: Readonly<Record<string, ItemTableDefinition>> = {
  [CATALOGUE]: { key: 'productId', seed, rows: 'sneaker.catalogue' },
  [MARKET]: { key: 'productId' },
  [DEMAND]: { key: 'productId' },
}

export const fills: readonly FillDefinition[] = [
  {
    name: 'sneaker-market',
    source: 'sneaker.market',
    deadLetter: 'sneaker.market.dead',
    table: MARKET,
    write: ({ sales: _, ...report }: MarketReport) => ({ put: report }),
  },
  {
    name: 'sneaker-demand',
    source: 'sneaker.demand',
    deadLetter: 'sneaker.demand.dead',
    table: DEMAND,
    write: (demand: Demand) => ({ put: { ...demand } }),
  },
  {
    name: 'sneaker-decisions',
    source: 'sneaker.decisions',
    deadLetter: 'sneaker.decisions.dead',
    table: CATALOGUE,
    write: changeOf,
  },
  {
    name: 'sneaker-edits',
    source: 'sneaker.edits',
    deadLetter: 'sneaker.edits.dead',
    table: CATALOGUE,
    write: editOf,
  },
]

/** A change is made only if nobody has changed the price since the decision. */
function changeOf({ productId, decision, at, fromCents, toCents, reason, priceChangedAt }: PriceDecision) {
  if (decision === 'keep') return undefined
  const isFirst = priceChangedAt === 0
  return {
    key: productId,
    condition: `priceCents = :from AND ${isFirst ? 'attribute_not_exists(priceChangedAt)' : 'priceChangedAt = :before'}`,
    update: 'SET priceCents = :to, priceChangedAt = :at, changedBy = :by, reason = :reason REMOVE heldUntil',
    values: {
      ':from': fromCents,
      ...(isFirst ? {} : { ':before': priceChangedAt }),
      ':to': toCents,
      ':at': at,
      ':by': MODEL,
      ':reason': reason,
    },
  }
}

const MAX_HOLD_MS = 30 * 86_400_000

function editOf({ productId, eventTime, priceCents, holdMs, by }: PriceEdit) {
  if (priceCents <= 0) throw new RangeError(`priceCents is ${priceCents}; it must be above 0.`)
  if (holdMs < 0 || holdMs > MAX_HOLD_MS)
    throw new RangeError(`holdMs is ${holdMs}; it must be from 0 to 30 days.`)
  return {
    key: productId,
    condition: 'attribute_exists(productId)',
    update:
      'SET priceCents = :price, priceChangedAt = :at, changedBy = :by, heldUntil = :until, reason = :reason',
    values: {
      ':price': priceCents,
      ':at': eventTime,
      ':by': by,
      ':until': eventTime + holdMs,
      ':reason': 'Set by hand.',
    },
  }
}
