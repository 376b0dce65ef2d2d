/** Counts of records `KEY:NUMBER`, where each key's numbers rise one by one. */
import type { ReadRecord } from './read-back.ts'

export interface Tally {
  /** Wanted, but not found. */
  readonly lost: number
  /** Found more than once. */
  readonly doubled: number
  /** Records that come after one of the same key with a higher number. */
  readonly inversions: number
}

export const EXACT: Tally = { lost: 0, doubled: 0, inversions: 0 }

/** @param wanted values that must be found; others may be found as well, if their send had no known outcome */
export function tally(wanted: Iterable<string>, found: readonly (string | ReadRecord)[]): Tally {
  const seen = new Set<string>()
  const highest = new Map<string, number>()
  let doubled = 0
  let inversions = 0
  for (const record of found) {
    const value = typeof record === 'string' ? record : record.value!.toString()
    if (seen.has(value)) {
      doubled++
      continue
    }
    seen.add(value)
    const [key, number] = value.split(':')
    if (Number(number) < (highest.get(key) ?? -1)) inversions++
    else highest.set(key, Number(number))
  }
  let lost = 0
  for (const value of wanted) if (!seen.has(value)) lost++
  return { lost, doubled, inversions }
}
