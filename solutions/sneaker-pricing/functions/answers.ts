/** What the endpoint is asked and answers, and what the function answers. */
import type { PriceDecision } from '../decision/decide.ts'

/** A record of the mapping's output topic. */
export interface OutputRecord {
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: PriceDecision & { readonly reason: string }
}

/** The same id for the same counts: a decision that is repeated can be told. */
export const decisionRecord = (decision: PriceDecision, reason: string): OutputRecord => ({
  key: decision.productId,
  headers: { 'weir-id': `${encodeURIComponent(decision.productId)}-${decision.at}-decision` },
  value: { ...decision, reason },
})

/** Rows of numbers as lines. */
export const csvOf = (rows: readonly (readonly number[])[]): string =>
  rows.map((row) => row.join(',')).join('\n')

/**
 * Returns the numbers of an answer in text/csv, one per row, by question. If there are not as many as all questions
 * together need, none of them can be told whose it is, and all get none.
 * @param lengths the rows of each question
 */
export function unitsIn(csv: string, lengths: readonly number[]): number[][] {
  const numbers = csv.split(/[\s,]+/).flatMap((text) => (text === '' ? [] : [Number(text)]))
  const expected = lengths.reduce((sum, length) => sum + length, 0)
  if (numbers.length !== expected) return lengths.map(() => [])
  let from = 0
  return lengths.map((length) => numbers.slice(from, (from += length)))
}
