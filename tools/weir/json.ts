/** JSON without rounding: a number that does not fit JavaScript's numbers stays as it was written. */

/** A number as its text, which JSON.stringify writes out again. */
export interface RawNumber {
  readonly rawJSON: string
}

/** ECMAScript has these, but TypeScript's library does not yet. */
const Source = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): RawNumber
  isRawJSON(value: unknown): value is RawNumber
}

export const isRawNumber = (value: unknown): value is RawNumber => Source.isRawJSON(value)

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)

/** Returns the value at a path of field names; undefined if there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const name of path)
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined
  return found
}

/**
 * Matches any text with a number that might be rounded. Most texts have none and are parsed without a check
 * of each value.
 */
const SUSPECT = /[\d.]{16}|\d[eE][+-]?\d{3}/

/**
 * Parses like JSON.parse, but whole numbers beyond 2^53 and numbers of more than 15 digits become RawNumbers.
 */
export function parseExactly(text: string): unknown {
  if (!SUSPECT.test(text)) return JSON.parse(text)
  return Source.parse(text, (_, value, { source = '' }) =>
    typeof value === 'number' && isRounded(value, source) ? Source.rawJSON(source) : value,
  )
}

function isRounded(value: number, source: string): boolean {
  const mantissa = source.replace(/[eE].*$/, '').replace(/(\.\d*?)0+$/, '$1')
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '')
  if (value === 0) return digits !== ''
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return true
  // A fraction may be rounded to a whole number: 1.00000000000000000001.
  const isWhole = /^-?\d+$/.test(source)
  return !isWhole && (digits.length > 15 || !Number.isFinite(value))
}
