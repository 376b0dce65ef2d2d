/**
 * How complex the wildcards of a field are, by Event Ruler's measure (MachineComplexityEvaluator): how many beginnings of wildcards can match one and the same
 * text at once. `*ab` has 3 of them, "*", "*a" and "*ab", of which "ab" is matched by the first and the last. Values count with their quotes, as UTF-8.
 */
import { literalsOf } from './wildcard.ts'

/** EventBridge refuses a pattern above it: by public reports it takes 9 and refuses 11, and Event Ruler's documentation proposes 10. */
export const MAX_COMPLEXITY = 10

const ANY = -1
const QUOTE = 0x22

/** Whether the wildcards, all of one field, are more complex than EventBridge takes. Each must compile. */
export function isTooComplex(wildcards: readonly string[]): boolean {
  const tokens: number[] = []
  const starts: number[] = []
  for (const wildcard of new Set(wildcards)) {
    starts.push(tokens.length)
    tokens.push(...tokensOf(wildcard))
  }
  for (const start of [...starts]) if (tokens[start + 1] === ANY) starts.push(start + 1)
  // A text leads to a set of places in the wildcards. Wildcards that are within the limit have few such sets, about as many as they have characters.
  const maxSets = 2 * tokens.length + 100
  const seen = new Set<string>()
  const waiting: number[][] = [starts.sort((a, b) => a - b)]
  for (let places = waiting.pop(); places !== undefined; places = waiting.pop()) {
    if (places.length > MAX_COMPLEXITY) return true
    const key = String.fromCharCode(...places)
    if (seen.has(key)) continue
    seen.add(key)
    if (seen.size > maxSets) return true
    // A byte that no literal goes on with leaves the asterisks only, which every other byte leaves as well.
    for (const byte of new Set(places.map((place) => tokens[place + 1]))) if (byte >= 0) waiting.push(after(tokens, places, byte))
  }
  return false
}

/** Ends each wildcard. */
const END = -2

function tokensOf(wildcard: string): number[] {
  const tokens = [QUOTE]
  for (const [index, literal] of literalsOf(wildcard).entries()) {
    if (index > 0) tokens.push(ANY)
    tokens.push(...Buffer.from(literal))
  }
  return [...tokens, QUOTE, END]
}

/** The places that a byte leads to, with the asterisks behind them, which match nothing as well. In order, as `places` are. */
function after(tokens: readonly number[], places: readonly number[], byte: number): number[] {
  const next: number[] = []
  let last = -1
  for (const place of places) {
    if (tokens[place] === ANY && place > last) next.push(last = place)
    if (tokens[place + 1] !== byte) continue
    if (place + 1 > last) next.push(last = place + 1)
    if (tokens[place + 2] === ANY) next.push(last = place + 2)
  }
  return next
}
