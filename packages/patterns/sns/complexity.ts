/** SNS's limits for the complexity of a filter policy. */
import { FilterPolicyError } from '../errors.ts'

/**
 * The numbers of values of a branch's arrays, each times the array's level, multiplied, and summed for all
 * branches.
 */
export const MAX_COMBINATIONS = 150
/** Points of the wildcards of all fields together. */
export const MAX_WILDCARD_POINTS = 100
/** Asterisks in a wildcard. */
export const MAX_ASTERISKS = 3

/** SNS's error for policies beyond a limit. */
export const tooComplex = (): FilterPolicyError =>
  new FilterPolicyError('FilterPolicy: Filter policy is too complex')

/**
 * SNS's measure for a field with wildcards: the points of its patterns, times their number. A pattern is a
 * wildcard or an anything-but.
 */
export class FieldComplexity {
  #points = 0
  #patterns = 0
  #hasWildcard = false

  /** Adds a wildcard; throws a FilterPolicyError if it has too many asterisks. */
  addWildcard(asterisks: number): void {
    if (asterisks > MAX_ASTERISKS) throw tooComplex()
    this.#add(asterisks > 1 ? 3 * asterisks : asterisks)
    this.#hasWildcard = true
  }

  /** @param asterisks of the wildcard inside, undefined if it has none */
  addAnythingBut(asterisks: number | undefined): void {
    if (asterisks !== undefined && asterisks > MAX_ASTERISKS) throw tooComplex()
    this.#add(1)
    this.#hasWildcard ||= asterisks !== undefined
  }

  #add(points: number): void {
    this.#points += points
    this.#patterns++
  }

  get wildcardPoints(): number {
    return this.#hasWildcard ? this.#points * this.#patterns : 0
  }
}
