/**
 * Ranges of the 128-bit hash keys over which a stream's shards are spread (Kinesis developer guide, "Key
 * concepts": partition keys map by MD5).
 */

export interface HashRange {
  /** Decimal, inclusive, as the API shows them. */
  readonly start: string
  readonly end: string
}

export const MAX_HASH_KEY: bigint = (1n << 128n) - 1n

/**
 * The ranges of `count` shards of equal size, as Kinesis gives them to a new stream: the last one takes the
 * remainder.
 */
export function uniformRanges(count: number): HashRange[] {
  const starts = uniformStarts(count)
  return starts.map((start, i) => ({
    start: String(start),
    end: String(i === count - 1 ? MAX_HASH_KEY : starts[i + 1] - 1n),
  }))
}

export function uniformStarts(count: number): bigint[] {
  const size = (MAX_HASH_KEY + 1n) / BigInt(count)
  return Array.from({ length: count }, (_, i) => size * BigInt(i))
}

export const startOf = (range: HashRange): bigint => BigInt(range.start)
export const endOf = (range: HashRange): bigint => BigInt(range.end)

/** Sorts by hash key. Decimals without leading zeros are ordered by length first. */
export function byStart({ start: a }: HashRange, { start: b }: HashRange): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

/** Parses a decimal hash key, 0 to 2^128 - 1; undefined if the text is not one. */
export function parseHashKey(text: string): bigint | undefined {
  if (!/^(0|[1-9]\d{0,38})$/.test(text)) return undefined
  const key = BigInt(text)
  return key <= MAX_HASH_KEY ? key : undefined
}
