/**
 * Event Ruler's measure for the wildcards of a field (MachineComplexityEvaluator): the largest number of
 * wildcard prefixes that one text can match. The prefixes of `*ab` are "*", "*a" and "*ab"; the text "ab"
 * matches two of them. Wildcards and texts count with their quotes, as UTF-8.
 */
import { literalsOf } from '../wildcard.ts'

/** Event Ruler's documentation proposes this limit. EventBridge is known to accept 9 and to refuse 11. */
export const MAX_COMPLEXITY = 10

const ANY = -1
const QUOTE = 0x22

/** Whether the wildcards of a field are too complex together. Each must compile. */
export function isTooComplex(wildcards: readonly string[]): boolean {
  const tokens: number[] = []
  const starts: number[] = []
  for (const wildcard of new Set(wildcards)) {
    starts.push(tokens.length)
    tokens.push(...tokensOf(wildcard))
  }
  for (const start of [...starts]) if (tokens[start + 1] === ANY) starts.push(start + 1)
  // A text leads to a set of places in the wildcards. Within the limit there are few sets, about one for each
  // character.
  const maxSets = 2 * tokens.length + 100
  const seen = new Set<string>()
  const waiting: number[][] = [starts.sort((a, b) => a - b)]
  for (let places = waiting.pop(); places !== undefined; places = waiting.pop()) {
    if (places.length > MAX_COMPLEXITY) return true
    const key = String.fromCharCode(...places)
    if (seen.has(key)) continue
    seen.add(key)
    if (seen.size > maxSets) return true
    // Other bytes keep only the asterisks, which these bytes keep as well.
    for (const byte of new Set(places.map((place) => tokens[place + 1]))) {
      if (byte >= 0) waiting.push(after(tokens, places, byte))
    }
  }
  return false
}

/** The token after the last one of a wildcard. */
const END = -2

function tokensOf(wildcard: string): number[] {
  const tokens = [QUOTE]
  for (const [index, literal] of literalsOf(wildcard).entries()) {
    if (index > 0) tokens.push(ANY)
    tokens.push(...Buffer.from(literal))
  }
  return [...tokens, QUOTE, END]
}

/**
 * Returns the places to which a byte leads, in order. An asterisk can match nothing, so the place before it
 * leads to it, too.
 */
function after(tokens: readonly number[], places: readonly number[], byte: number): number[] {
  const next: number[] = []
  let last = -1
  for (const place of places) {
    if (tokens[place] === ANY && place > last) next.push((last = place))
    if (tokens[place + 1] !== byte) continue
    if (place + 1 > last) next.push((last = place + 1))
    if (tokens[place + 2] === ANY) next.push((last = place + 2))
  }
  return next
}
