/** JSON without rounding: a number that JavaScript's numbers cannot hold stays as it was written. */

/** A number as its text, which JSON.stringify writes out again. */
export interface RawNumber {
  readonly rawJSON: string
}

/** Of ECMAScript, but not yet of TypeScript's library. */
const Source = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
  rawJSON(text: string): RawNumber
  isRawJSON(value: unknown): value is RawNumber
}

export const isRawNumber = (value: unknown): value is RawNumber => Source.isRawJSON(value)

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)

/** Only such a text can have a number that does not survive. Most have none and are parsed without a look at each value. */
const SUSPECT = /[\d.]{16}|\d[eE][+-]?\d{3}/

/** Like JSON.parse, but numbers that would become others are RawNumbers: whole ones beyond 2^53, and those of more than 15 digits. */
export function parseExactly(text: string): unknown {
  if (!SUSPECT.test(text)) return JSON.parse(text)
  return Source.parse(text, (_, value, { source }) => (typeof value === 'number' && isRounded(value, source!) ? Source.rawJSON(source!) : value))
}

function isRounded(value: number, source: string): boolean {
  const digits = source.replace(/[eE].*$/, '').replace(/[-.]/g, '').replace(/^0+/, '')
  if (value === 0) return digits !== ''
  return Number.isInteger(value) ? !Number.isSafeInteger(value) : digits.length > 15 || !Number.isFinite(value)
}
