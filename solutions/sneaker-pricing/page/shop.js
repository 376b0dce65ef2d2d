/** The products of a snapshot with their demand: what the list, the figures and the chosen product have in common. */

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** Clicks that many standard deviations away from what is expected are no chance. */
const SURPRISING = 3

/** The states, in the order of the list. `badge` is the kit's. */
export const STATES = [
  { key: 'trend', name: 'A trend is on', short: 'Trend', badge: 'behind' },
  { key: 'rising', name: 'Demand is rising', short: 'Rising', badge: 'behind' },
  { key: 'falling', name: 'Demand is falling', short: 'Falling', badge: 'idle' },
  { key: 'sold-out', name: 'Sold out', short: 'Sold out', badge: 'silent' },
  { key: 'calm', name: 'As usual', short: 'As usual', badge: 'good' },
]
const [TREND, RISING, FALLING, SOLD_OUT, CALM] = STATES

/**
 * @returns {{ products: object[], pace: number | null }} the products in the order of the list, those that move
 * first, and how many times as many clicks the shop has as is usual. Each product has besides what it came with:
 * usual (null if not known), pace (as of the shop), toList (0.05: 5 % above the list price), coverMs (how long the
 * stock lasts; null if not known), runsOut (before the next delivery), heldUntil (null if the price is not held now), trend (null if it is over), state
 */
export function shopOf({ products, counted }, time) {
  const hours = counted === null ? 0 : (counted.until - counted.from) / HOUR_MS
  const known = products.map((product) => knownOf(product, hours, time))
  const measured = known.filter(({ expected }) => expected > 0)
  const sum = (pick) => measured.reduce((total, product) => total + pick(product), 0)
  const pace =
    measured.length === 0 ? null : sum(({ clicksNow }) => clicksNow) / sum(({ expected }) => expected)
  const judged = known.map((product) => {
    const surprise = surpriseOf(product, pace)
    return { ...product, surprise, state: stateOf(product, surprise) }
  })
  const rank = ({ state, surprise }) => STATES.indexOf(state) * 1e9 - surprise
  return { products: judged.sort((a, b) => rank(a) - rank(b)), pace }
}

function knownOf(product, hours, time) {
  const { clicksNow, demand, heldUntil, listPriceCents, market, priceCents, trend } = product
  const usual = usualOf(demand?.usual ?? product.usual)
  const coverMs = market !== null && usual?.units > 0 ? (market.stock / usual.units) * HOUR_MS : null
  const expected = usual === null ? 0 : usual.clicks * hours
  return {
    ...product,
    usual,
    expected,
    pace: expected > 0 ? clicksNow / expected : null,
    toList: priceCents / listPriceCents - 1,
    coverMs,
    runsOut: coverMs !== null && market.nextDeliveryAt !== null && coverMs < market.nextDeliveryAt - time,
    heldUntil: heldUntil !== null && heldUntil > time ? heldUntil : null,
    trend: trendNow(trend, time),
  }
}

const usualOf = (usual) => (usual !== null && usual.hours > 0 ? usual : null)

/** The trend with its end, endsAt; null if it is over. Without its start nobody knows its end. */
function trendNow(trend, time) {
  if (trend === null) return null
  const endsAt = trend.startedAt === undefined ? null : trend.startedAt + trend.minutes * MINUTE_MS
  return endsAt !== null && endsAt <= time ? null : { ...trend, endsAt }
}

/** Clicks away from those that are usual at the pace of the whole shop, in standard deviations. */
function surpriseOf({ clicksNow, expected }, pace) {
  if (expected === 0) return 0
  const like = expected * pace
  return (clicksNow - like) / Math.sqrt(Math.max(like, 1))
}

function stateOf({ market, trend }, surprise) {
  if (trend !== null) return TREND
  if (surprise > SURPRISING) return RISING
  if (market?.stock === 0) return SOLD_OUT
  return surprise < -SURPRISING ? FALLING : CALM
}

/** The product to show: the chosen one, else the first; undefined if it is not there. */
export const productToShow = (products, chosen) =>
  chosen === null ? products[0] : products.find(({ productId }) => productId === chosen)

/**
 * The revenue beside that of a twin shop with fixed prices, in cents: { revenueCents, fixedCents }; null if nobody
 * reports sales.
 */
export function revenueOf(products) {
  const sales = products.map(({ market }) => market?.sales ?? null).filter((one) => one !== null)
  if (sales.length === 0) return null
  const sum = (pick) => sales.reduce((total, one) => total + pick(one), 0)
  return {
    revenueCents: sum(({ revenueCents }) => revenueCents),
    fixedCents: sum(({ fixedRevenueCents }) => fixedRevenueCents),
  }
}

/** The products whose price has changed in the last hour: { byModel, byHand }. */
export function changesOf(products, time) {
  const changed = products.filter(
    ({ priceChangedAt }) => priceChangedAt !== null && time - priceChangedAt < HOUR_MS,
  )
  const byModel = changed.filter(({ changedBy }) => changedBy === 'model').length
  return { byModel, byHand: changed.length - byModel }
}

/** The window that is being counted: { windowMs, leftMs }; null if the length of the windows is not known yet. */
export function windowNow(products, time) {
  const windowMs = products.find(({ demand }) => demand !== null)?.demand.windowMs
  return windowMs === undefined ? null : { windowMs, leftMs: windowMs - (time % windowMs) }
}
