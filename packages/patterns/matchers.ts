/** Tests of one value, which the rules of several services share. */
import { addressKey, MAX_ADDRESS_LENGTH } from './ip.ts'
import type { Leaf, Matcher, Scalar } from './plan.ts'

/** Steps of a comparison, without those of a wildcard. */
export const STEPS_OF_MATCHER = 8
/** Steps to parse an address. */
const STEPS_OF_ADDRESS = 300

/** Collects the alternatives of a field. */
export class LeafBuilder {
  readonly #values = new Set<unknown>()
  /** Event Ruler compares exact values that are IP addresses as addresses, however they are written. */
  readonly #addresses = new Set<string>()
  readonly #matchers: Matcher[] = []
  #absent = false

  /** The field may have this value. */
  addValue(value: Scalar): void {
    this.#values.add(value)
    const key = typeof value === 'string' ? addressKey(value) : undefined
    if (key !== undefined) this.#addresses.add(key)
  }

  /** The field may have a value that this test accepts. */
  add(matcher: Matcher): void {
    this.#matchers.push(matcher)
  }

  /** The field may be absent. */
  allowAbsence(): void {
    this.#absent = true
  }

  build(): Leaf {
    const values = this.#values
    const keys = this.#addresses
    const matchers = [...this.#matchers]
    if (keys.size > 0) matchers.push(addresses((value) => keys.has(addressKey(value) ?? '')))
    const matches: Matcher = (value, work) => {
      // A Set reads a text once to hash it.
      work.count(
        STEPS_OF_MATCHER * (1 + matchers.length) + (typeof value === 'string' ? value.length >> 4 : 0),
      )
      return values.has(value) || matchers.some((matcher) => matcher(value, work))
    }
    return { matches, absent: this.#absent }
  }
}

/** Any value but these. Texts never equal numbers. */
export const noneOf =
  (values: ReadonlySet<unknown>): Matcher =>
  (value) =>
    !values.has(value)

export function startsWith(prefix: string): Matcher {
  return (value, work) => {
    work.count(prefix.length >> 4)
    return typeof value === 'string' && value.startsWith(prefix)
  }
}

export function endsWith(suffix: string): Matcher {
  return (value, work) => {
    work.count(suffix.length >> 4)
    return typeof value === 'string' && value.endsWith(suffix)
  }
}

/** Texts that are short enough to be IP addresses. */
export const addresses =
  (matches: (value: string) => boolean): Matcher =>
  (value, work) => {
    if (typeof value !== 'string' || value.length > MAX_ADDRESS_LENGTH) return false
    work.count(STEPS_OF_ADDRESS)
    return matches(value)
  }

export function equalsIgnoringCase(text: string): Matcher {
  const folded = fold(text)
  return (value, work) => {
    if (typeof value !== 'string' || value.length > folded.length) return false
    work.count(value.length >> 1)
    return fold(value) === folded
  }
}

/** Upper case makes letters with two lower-case forms (σ and ς) equal. It never makes a text shorter. */
export const fold = (value: string): string => value.toUpperCase()
