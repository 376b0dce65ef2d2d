/**
 * Event patterns as in EventBridge's rules and Lambda's filters: an object with the shape of the event, whose
 * arrays list the alternatives for a field. The semantics are those of AWS's Event Ruler
 * (github.com/aws/event-ruler). Names are joined by dots: "a.b" is the field b of a. If a field is given
 * twice, the last one counts.
 */
import { PatternError } from '../errors.ts'
import type { Branch, Condition } from '../plan.ts'
import { RESERVED_NAMES } from '../reserved-names.ts'
import { compileLeaf } from './operators.ts'

/** Characters of a filter's pattern: the quota of Lambda's API. */
export const MAX_PATTERN_LENGTH = 4096
/** The most names of a path; bounds the recursion here and in matching. */
export const MAX_DEPTH = 64
/** The most branches that a pattern's $or may multiply to; EventBridge refuses more, too. */
export const MAX_BRANCHES = 1000
/** The most conditions of all branches together. Each takes memory, and time to compile. */
export const MAX_CONDITIONS = 10_000

/** A branch that is still being built. */
type Growing = Map<string, Condition>

/** Parses and checks a pattern, and expands its $or. Throws a PatternError. */
export function parsePattern(text: string): readonly Branch[] {
  if (text.length > MAX_PATTERN_LENGTH)
    throw new PatternError(
      `The pattern has ${text.length} characters; at most ${MAX_PATTERN_LENGTH} are allowed.`,
    )
  let pattern: unknown
  try {
    pattern = parse(text)
  } catch (error) {
    if (error instanceof PatternError) throw error
    throw new PatternError(
      `The pattern is not JSON (${(error as Error).message}); write an object such as { "data": { "state": ["open"] } }.`,
    )
  }
  if (!isObject(pattern))
    throw new PatternError(
      'The pattern is not an object; write one such as { "data": { "state": ["open"] } }.',
    )
  try {
    return expand(pattern, [], [new Map()], 1, 'or')
  } catch (error) {
    // If $or cannot be the operator, Event Ruler takes it for the name of a field everywhere in the pattern.
    try {
      return expand(pattern, [], [new Map()], 1, 'plain')
    } catch {
      throw error
    }
  }
}

/** JSON.parse passes the text of a number to its reviver (ECMAScript 2026; TypeScript does not know it yet). */
const JSON_WITH_SOURCE = JSON as {
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown
}

/**
 * Refuses numbers that binary64 rounds: numbers of events are rounded too, so that such a one would match its
 * neighbours. Other numbers match exactly those that are equal to them.
 */
function parse(text: string): unknown {
  return JSON_WITH_SOURCE.parse(text, (_name, value, { source = '' }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || digitsOf(source) <= 15) return value
    throw new PatternError(`The number ${source} has too many digits to be compared; send it as a text.`)
  })
}

function digitsOf(number: string): number {
  return number.replace(/e.*|\D/gi, '').replace(/^0+/, '').length
}

type PatternObject = Readonly<Record<string, unknown>>

/** Whether $or is the operator or a plain name, and whether the object is inside one. */
type Mode = 'or' | 'inside-or' | 'plain'

/**
 * Adds the conditions of an object of the pattern to every branch, and returns the branches that its $or turn
 * them into. A path that a branch already has is replaced, as in Event Ruler.
 */
function expand(
  object: PatternObject,
  path: readonly string[],
  branches: readonly Growing[],
  depth: number,
  mode: Mode,
): readonly Growing[] {
  const names = Object.keys(object)
  if (names.length === 0)
    throw new PatternError(`${place(path)} is an empty object; name at least one field.`)
  if (depth > MAX_DEPTH) throw tooDeep(path, depth)
  for (const name of names) {
    const value = object[name]
    if (name === '$or' && mode !== 'plain') {
      branches = either(value, path, branches, depth)
      continue
    }
    const below = [...path, ...name.split('.')]
    if (below.length > MAX_DEPTH) throw tooDeep(below, below.length)
    if (mode === 'inside-or' && RESERVED_NAMES.has(name)) {
      throw new PatternError(
        `${place(below)} is the name of an operator, which a field inside $or cannot have; put the operator into the array of a field.`,
      )
    }
    if (Array.isArray(value)) {
      const condition = { path: below, leaf: compileLeaf(value, place(below)) }
      for (const branch of branches) branch.set(place(below), condition)
      refuseMany(branches)
    } else if (isObject(value)) {
      branches = expand(value, below, branches, depth + 1, mode)
    } else {
      throw new PatternError(
        `${place(below)} is neither an array nor an object; put the value into an array.`,
      )
    }
  }
  return branches
}

function either(
  alternatives: unknown,
  path: readonly string[],
  branches: readonly Growing[],
  depth: number,
): readonly Growing[] {
  const at = place([...path, '$or'])
  if (!Array.isArray(alternatives) || alternatives.length < 2 || !alternatives.every(isObject)) {
    throw new PatternError(`${at} must be an array of at least two objects.`)
  }
  const expanded: Growing[] = []
  for (const alternative of alternatives) {
    const copies = branches.map((branch) => new Map(branch))
    expanded.push(...expand(alternative, path, copies, depth + 1, 'inside-or'))
    if (expanded.length > MAX_BRANCHES) {
      throw new PatternError(
        `${at} makes more than ${MAX_BRANCHES} combinations with the other alternatives; split the pattern into several filters.`,
      )
    }
    refuseMany(expanded)
  }
  return expanded
}

/** The branches of one pattern have about the same number of conditions each. */
function refuseMany(branches: readonly Growing[]): void {
  if (branches.length * (branches.at(-1)?.size ?? 0) <= MAX_CONDITIONS) return
  throw new PatternError(
    `$or makes ${branches.length} combinations of so many fields that there are more than ${MAX_CONDITIONS} conditions; ` +
      'name fewer fields, or split the pattern into several filters.',
  )
}

function tooDeep(path: readonly string[], depth: number): PatternError {
  return new PatternError(
    `${place(path.slice(0, 3))} nests ${depth} objects deep; at most ${MAX_DEPTH} levels are allowed.`,
  )
}

function isObject(value: unknown): value is PatternObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const place = (path: readonly string[]): string => (path.length === 0 ? 'The pattern' : path.join('.'))
