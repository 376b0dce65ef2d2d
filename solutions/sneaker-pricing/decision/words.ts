/** A decision in one or two sentences, for people. */
import type { PriceDecision, ReasonCode } from './decide.ts'
import type { RailName } from './rails.ts'

/** A trend is worth a word from here on. */
const NOTABLE_TREND = 1.3
/** A stock lasts much too long if this part of it would be left. */
const NOTABLE_REST = 0.3

const RAIL_WORDS: Readonly<Record<RailName, string>> = {
  stopped: 'All changes are stopped.',
  frozen: 'The product is frozen.',
  held: 'A person has set the price, and it is held.',
  'cool-down': 'The price was changed too recently.',
  'changes-per-hour': 'The shop has had all the changes that an hour may have.',
  confidence: 'The gain is too uncertain.',
  floor: 'The floor held it back.',
  ceiling: 'The ceiling held it back.',
  step: 'The largest step held it back.',
  'price-points': 'The next allowed price is another one.',
}

const KEPT_WORDS: Readonly<Record<Exclude<ReasonCode, 'better-price' | 'rails'>, string>> = {
  'best-price': 'no other price promises more revenue',
  'sold-out': 'there are no pairs left to sell',
  'too-new': 'less than a day of sales is known',
  'no-prediction': 'the model did not answer in time',
  'bad-prediction': "the model's answer could not be used",
}

export function inWords(decision: PriceDecision): string {
  const { decision: kind, reasonCode, fromCents, toCents, rails, wantedCents } = decision
  if (kind === 'change') {
    const verb = toCents > fromCents ? 'Raised' : 'Lowered'
    const held = RAIL_ORDER.find((rail) => rails.includes(rail))
    const change = `${verb} from ${money(fromCents)} to ${money(toCents)}: ${causeOf(decision)}.`
    return held === undefined ? change : `${change} ${RAIL_WORDS[held]}`
  }
  if (reasonCode !== 'rails')
    return `Kept at ${money(fromCents)}: ${KEPT_WORDS[reasonCode as keyof typeof KEPT_WORDS]}.`
  const rail = RAIL_ORDER.find((one) => rails.includes(one))
  const wish = wantedCents === null ? '' : `, though ${money(wantedCents)} would promise more revenue`
  return `Kept at ${money(fromCents)}${wish}.${rail === undefined ? '' : ` ${RAIL_WORDS[rail]}`}`
}

/** A rail that allows nothing is the reason, whatever held the price back before. */
const RAIL_ORDER: readonly RailName[] = [
  ...(['stopped', 'frozen', 'held', 'cool-down', 'changes-per-hour', 'confidence'] as const),
  ...(['floor', 'ceiling', 'step', 'price-points'] as const),
]

function causeOf(decision: PriceDecision): string {
  const { horizonHours: hours, trend, outlookFrom, outlookTo, stock, fromCents, toCents } = decision
  if (hours === null || trend === null || outlookFrom === null || outlookTo === null)
    return 'another price promises more revenue'
  const causes: string[] = []
  const isRise = toCents > fromCents
  if (isRise ? trend >= NOTABLE_TREND : trend <= 1 / NOTABLE_TREND)
    causes.push(`demand is ${times(trend)} the usual`)
  const left = stock - outlookFrom.demand
  if (isRise && left < 0) {
    const gone = (hours * stock) / outlookFrom.demand
    causes.push(`${pairs(stock)} would be gone in ${inHours(gone)} at the old price`)
  } else if (!isRise && left > stock * NOTABLE_REST)
    causes.push(`${pairs(Math.round(left))} of ${stock} would be left in ${inHours(hours)} at the old price`)
  if (causes.length > 0) return causes.join(', and ')
  const [revenueTo, revenueFrom] = [outlookTo, outlookFrom].map(({ revenueCents }) => money(revenueCents, 0))
  return `it promises ${revenueTo} instead of ${revenueFrom} in the next ${inHours(hours)}`
}

const money = (cents: number, digits = 2): string =>
  `$${(cents / 100).toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
const times = (ratio: number): string => `${ratio.toFixed(1)} times`
const pairs = (count: number): string => (count === 1 ? '1 pair' : `${count} pairs`)
const inHours = (hours: number): string => {
  const whole = Math.max(1, Math.round(hours))
  return whole === 1 ? '1 hour' : `${whole} hours`
}
