/** Each rail by its definition, to check changes of prices, whatever chose them. */
import type { RailName, RailsContext } from '../rails.ts'

const MINUTE_MS = 60_000
/** Margins and steps are compared as fractions. */
const ROUNDING = 1e-9

/** Returns the rails that a change from the price of the context to `cents` breaks. */
export function brokenRails(cents: number, context: RailsContext): RailName[] {
  const { rails, costCents, priceCents, at, priceChangedAt, heldUntil, changesLastHour, confidence } = context
  const marginPercent = ((cents - costCents) / costCents) * 100
  const stepPercent = (Math.abs(cents - priceCents) / priceCents) * 100
  const kept: Readonly<Record<RailName, boolean>> = {
    stopped: !rails.stopped,
    frozen: !rails.frozen,
    held: at >= heldUntil,
    'cool-down': at - priceChangedAt >= rails.coolDownMinutes * MINUTE_MS,
    'changes-per-hour': changesLastHour < rails.maxChangesPerHour,
    confidence: confidence >= rails.minConfidence,
    floor: marginPercent >= rails.minMarginPercent - ROUNDING,
    ceiling: marginPercent <= rails.maxMarginPercent + ROUNDING,
    step: stepPercent <= rails.maxStepPercent + ROUNDING,
    'price-points': rails.pricePoints.length === 0 || rails.pricePoints.includes(cents % 100),
  }
  return (Object.keys(kept) as RailName[]).filter((name) => !kept[name])
}
