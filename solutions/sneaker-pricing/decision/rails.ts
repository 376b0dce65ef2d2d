/**
 * The rails: what a price that a model chose must keep to before it counts. Pure, and free of imports: the solution's
 * function reads nothing outside the solution's folder.
 */

/** An entry of the reference table `price-rails`. What a product's entry does not say, the entry `all` says. */
export interface RailsEntry {
  /** The lowest price: cost and this share of it. */
  readonly minMarginPercent?: number | undefined
  /** The highest price: cost and this share of it. */
  readonly maxMarginPercent?: number | undefined
  /** The largest change at once, relative to the price. */
  readonly maxStepPercent?: number | undefined
  /** The time between two changes of a product's price, also of changes that people made. */
  readonly coolDownMinutes?: number | undefined
  /** Prices end on one of these numbers of cents; without any, all prices are allowed. */
  readonly pricePoints?: readonly number[] | undefined
  /** Whether the product keeps its price. */
  readonly frozen?: boolean | undefined
  /** The least confidence of a change, from 0 to 1. */
  readonly minConfidence?: number | undefined
  /** The most changes in an hour over all products. That of a product only makes it wait earlier. */
  readonly maxChangesPerHour?: number | undefined
  /** Whether all products keep their prices. */
  readonly stopped?: boolean | undefined
}

/** The rails of one product. */
export type Rails = { readonly [name in keyof RailsEntry]-?: NonNullable<RailsEntry[name]> }

/** The id of the entry of the shop. */
export const ALL_PRODUCTS = 'all'

export const DEFAULT_RAILS: Rails = {
  minMarginPercent: 20,
  maxMarginPercent: 200,
  maxStepPercent: 5,
  coolDownMinutes: 120,
  pricePoints: [95],
  frozen: false,
  minConfidence: 0.9,
  maxChangesPerHour: 30,
  stopped: false,
}

/** Returns the rails of a product. Stops add up, and of two limits of changes the lower one counts. */
export function railsOf(all: RailsEntry = {}, product: RailsEntry = {}): Rails {
  const shop = { ...DEFAULT_RAILS, ...given(all) }
  const own = { ...shop, ...given(product) }
  return {
    ...own,
    frozen: shop.frozen || own.frozen,
    stopped: shop.stopped || own.stopped,
    maxChangesPerHour: Math.min(shop.maxChangesPerHour, own.maxChangesPerHour),
  }
}

/** Returns the fields that the entry has. */
const given = (entry: RailsEntry): Partial<Rails> =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))

export type RailName =
  | 'stopped'
  | 'frozen'
  | 'held'
  | 'cool-down'
  | 'changes-per-hour'
  | 'confidence'
  | 'floor'
  | 'ceiling'
  | 'step'
  | 'price-points'

/** What the bounds of a price follow from. */
export interface PriceContext {
  readonly rails: Rails
  /** Whole cents above 0. */
  readonly costCents: number
  /** The present price, whole cents above 0. */
  readonly priceCents: number
}

export interface RailsContext extends PriceContext {
  /** The time of the decision, ms since the epoch. */
  readonly at: number
  /** The last change of the price, ms since the epoch; 0 if there was none. */
  readonly priceChangedAt: number
  /** Until then a person wants the price to stay, ms since the epoch; 0 if nobody does. */
  readonly heldUntil: number
  /** Changes of all products in the hour before. */
  readonly changesLastHour: number
  /** That the wanted price is better than the present one, from 0 to 1. */
  readonly confidence: number
}

export interface RailedPrice {
  /** Within every rail, or the present price. */
  readonly priceCents: number
  /** The rails because of which it is not the wanted price. */
  readonly acted: readonly RailName[]
  /** The rail that allows no change; null if none does that. */
  readonly refusedBy: RailName | null
}

const MINUTE_MS = 60_000

/** Returns the price nearest to the wanted one that a change may lead to. It never throws. */
export function withinRails(wanted: number, context: RailsContext): RailedPrice {
  const reachable = reachablePrice(wanted, context)
  if (reachable.priceCents === context.priceCents) return reachable
  const refusedBy = closedGate(context)
  if (refusedBy === null) return reachable
  return { priceCents: context.priceCents, acted: [...reachable.acted, refusedBy], refusedBy }
}

/** Returns the rail that allows no change now, whatever the price. */
function closedGate({
  rails,
  at,
  priceChangedAt,
  heldUntil,
  changesLastHour,
  confidence,
}: RailsContext): RailName | null {
  if (rails.stopped) return 'stopped'
  if (rails.frozen) return 'frozen'
  if (at < heldUntil) return 'held'
  if (at - priceChangedAt < rails.coolDownMinutes * MINUTE_MS) return 'cool-down'
  if (changesLastHour >= rails.maxChangesPerHour) return 'changes-per-hour'
  return confidence >= rails.minConfidence ? null : 'confidence'
}

/** Returns the price nearest to the wanted one by floor, ceiling, step and price points. NaN wants no change. */
export function reachablePrice(wanted: number, context: PriceContext): RailedPrice {
  const { rails, priceCents } = context
  const { floorCents, ceilingCents } = marginBounds(context)
  const step = Math.floor((priceCents * rails.maxStepPercent) / 100)
  const [lowest, highest] = [
    Math.max(floorCents, priceCents - step, 1),
    Math.min(ceilingCents, priceCents + step),
  ]
  const keep = (acted: readonly RailName[], refusedBy: RailName | null = null): RailedPrice => ({
    priceCents,
    acted,
    refusedBy,
  })
  if (Number.isNaN(wanted) || wanted === priceCents) return keep([])
  if (lowest > highest) {
    const rail = ceilingCents < Math.max(priceCents - step, 1) ? 'ceiling' : 'floor'
    return keep([rail], rail)
  }
  const acted: RailName[] = []
  if (wanted < lowest) acted.push(lowest === floorCents ? 'floor' : 'step')
  if (wanted > highest) acted.push(highest === ceilingCents ? 'ceiling' : 'step')
  const bounded = Math.min(highest, Math.max(lowest, Math.round(wanted)))
  if (bounded === priceCents) return keep(acted)
  const distance = (cents = Infinity): number => Math.abs(cents - bounded)
  // Towards the wish, or not at all.
  const point =
    bounded < priceCents
      ? nearestPoint(bounded, lowest, Math.min(highest, priceCents - 1), rails.pricePoints)
      : nearestPoint(bounded, Math.max(lowest, priceCents + 1), highest, rails.pricePoints)
  if (point !== bounded) acted.push('price-points')
  const isNearer = priceCents >= lowest && priceCents <= highest && distance(priceCents) <= distance(point)
  return point === undefined || isNearer ? keep(acted) : { priceCents: point, acted, refusedBy: null }
}

/** Returns the lowest and the highest price by margin. */
export const marginBounds = ({ rails, costCents }: Omit<PriceContext, 'priceCents'>) => ({
  floorCents: Math.ceil((costCents * (100 + rails.minMarginPercent)) / 100),
  ceilingCents: Math.floor((costCents * (100 + rails.maxMarginPercent)) / 100),
})

export const isPricePoint = (cents: number, points: readonly number[]): boolean =>
  points.length === 0 || points.includes(cents % 100)

/** Returns the price point from `lowest` to `highest` that is nearest to `cents`; of two, the lower one. */
function nearestPoint(
  cents: number,
  lowest: number,
  highest: number,
  points: readonly number[],
): number | undefined {
  if (lowest > highest) return undefined
  const target = Math.min(highest, Math.max(lowest, cents))
  if (isPricePoint(target, points)) return target
  return points
    .flatMap((point) => {
      const below = Math.floor((target - point) / 100) * 100 + point
      return [below, below + 100]
    })
    .filter((price) => price >= lowest && price <= highest)
    .sort((a, b) => Math.abs(a - target) - Math.abs(b - target) || a - b)[0]
}
