/** The products of the simulated shop, made from a seed. */
import { randomFrom } from '../../random.ts'
import { normal } from './draws.ts'
import { shareOfBuyers } from './shoppers.ts'

/** An entry of the shop's catalogue. */
export interface Product {
  readonly id: string
  readonly name: string
  readonly category: string
  readonly costCents: number
  readonly listPriceCents: number
  /** A delivery fills the stock up to this number of pairs. */
  readonly fullStock: number
  readonly deliveryEveryMs: number
  readonly appeal: Appeal
}

/** How much shoppers want a product. A real shop does not know it. */
export interface Appeal {
  /** The mean over a week, without trends. */
  readonly visitsPerHour: number
  /** The worth to shoppers, relative to the list price. */
  readonly worth: number
}

const MAX_PRODUCTS = 1000
const MAX_VISITS_PER_HOUR = 10_000
const WEEK_MS = 604_800_000
const HOURS_PER_WEEK = 168
/** Of all products together, divided by their number. */
const MEAN_VISITS_PER_HOUR = 30
/** Standard deviations of logarithms. */
const VISITS_SPREAD = 0.7
const WORTH_SPREAD = 0.25
/** The cheapest and the dearest list price of a category, in whole currency units. */
const CATEGORIES = [
  ['running', 'Runner', 90, 180],
  ['trail', 'Trail', 95, 190],
  ['court', 'Court', 70, 140],
  ['street', 'Street', 60, 130],
  ['skate', 'Deck', 55, 100],
  ['studio', 'Studio', 65, 120],
] as const
const WORDS = [
  ...[
    'Harbour',
    'Meadow',
    'Quarry',
    'Lantern',
    'Orchard',
    'Pebble',
    'Tundra',
    'Willow',
    'Granite',
    'Saffron',
  ],
  ...['Juniper', 'Cobalt', 'Drizzle', 'Copper', 'Glacier', 'Thistle', 'Marble', 'Hazel', 'Lagoon', 'Cinder'],
] as const

/** Makes `count` products. Prices end in 95 cents, as in shops. */
export function catalogue(seed: number, count = 60): Product[] {
  checkCount(count)
  const random = randomFrom(seed)
  return Array.from({ length: count }, (_, number) => product(number, random))
}

/** Throws a RangeError for products that no shop can have, or that would take it too much memory. */
export function checkProducts(products: readonly Product[]): void {
  checkCount(products.length)
  if (new Set(products.map(({ id }) => id)).size < products.length)
    throw new RangeError('Two products have the same id.')
  for (const { id, listPriceCents, fullStock, deliveryEveryMs, appeal } of products) {
    for (const [name, value] of Object.entries({ listPriceCents, fullStock, deliveryEveryMs }))
      if (!Number.isSafeInteger(value) || value <= 0)
        throw new RangeError(`${name} of ${id} is ${value}; it must be a whole number above 0.`)
    if (!(appeal.visitsPerHour >= 0 && appeal.visitsPerHour <= MAX_VISITS_PER_HOUR))
      throw new RangeError(
        `${id} has ${appeal.visitsPerHour} visits per hour; there must be from 0 to ${MAX_VISITS_PER_HOUR}.`,
      )
    if (!(appeal.worth > 0 && appeal.worth < Infinity))
      throw new RangeError(`The worth of ${id} is ${appeal.worth}; it must be above 0.`)
  }
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > MAX_PRODUCTS)
    throw new RangeError(`A shop has from 1 to ${MAX_PRODUCTS} products, not ${count}.`)
}

function product(number: number, random: () => number): Product {
  const [category, model, cheapest, dearest] = CATEGORIES[number % CATEGORIES.length]
  const listPriceCents = (cheapest + Math.floor(random() * ((dearest - cheapest) / 5)) * 5) * 100 - 5
  const costCents = Math.round(listPriceCents * (0.45 + 0.15 * random()))
  const visitsPerHour =
    MEAN_VISITS_PER_HOUR * Math.exp(VISITS_SPREAD * normal(random) - VISITS_SPREAD ** 2 / 2)
  const worth = Math.exp(WORTH_SPREAD * normal(random))
  const market = { worthCents: listPriceCents, competitorCents: listPriceCents }
  const weekly = visitsPerHour * HOURS_PER_WEEK * shareOfBuyers(listPriceCents, market)
  return {
    id: `sneaker-${String(number + 1).padStart(3, '0')}`,
    name: nameOf(number, model),
    category,
    costCents,
    listPriceCents,
    // Some products are sold out before the next delivery, others never are.
    fullStock: Math.max(5, Math.round(weekly * (0.6 + 1.2 * random()))),
    deliveryEveryMs: WEEK_MS,
    appeal: { visitsPerHour, worth },
  }
}

/** Of 60 products, no two have the same name; later ones get a number. */
function nameOf(number: number, model: string): string {
  const series = Math.floor(number / (WORDS.length * 3))
  return `${WORDS[number % WORDS.length]} ${model}${series === 0 ? '' : ` ${series + 1}`}`
}
