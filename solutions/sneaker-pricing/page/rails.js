/** The rails: what prices may not do, for all products and for single ones. */
import { percent } from './kit/numbers.js'

const ALL = 'all'
const inPercent = (value) => `${value} %`
const yesOrNo = (value) => (value ? 'yes' : 'no')
const pointsText = (cents) =>
  cents.length === 0 ? 'any' : cents.map((one) => `.${String(one).padStart(2, '0')}`).join(', ')
const RAILS = [
  ['minMarginPercent', 'Margin, at least', inPercent],
  ['maxMarginPercent', 'Margin, at most', inPercent],
  ['maxStepPercent', 'One change, at most', inPercent],
  ['coolDownMinutes', 'Between two changes', (value) => `${value} min`],
  ['maxChangesPerHour', 'Changes an hour, at most', String],
  ['pricePoints', 'Price points', pointsText],
  ['minConfidence', 'Confidence, at least', (value) => percent(value, 1)],
  ['frozen', 'Frozen', yesOrNo],
]

/**
 * The rows of the table of rails: [name, of all products, of this product]; a text is undefined if the rail is not
 * set.
 */
export function railsOf(rails, productId) {
  const [all, own] = [ALL, productId].map((id) => (Object.hasOwn(rails, id) ? rails[id] : {}))
  const text = (entry, field, format) =>
    entry[field] === undefined ? undefined : textOf(entry[field], format)
  return RAILS.map(([field, name, format]) => [
    name,
    text(all, field, format),
    text(own, field, format),
  ]).filter(([, ofAll, ofOwn]) => ofAll !== undefined || ofOwn !== undefined)
}

/** Tells if no price may change. */
export const isStopped = (rails) => rails[ALL]?.stopped === true

/** The entry of all products, stopped or not. */
export const stopEntry = (rails, stopped) => ({ ...rails[ALL], stopped })

const textOf = (value, format) => (value === null ? 'none' : format(value))
