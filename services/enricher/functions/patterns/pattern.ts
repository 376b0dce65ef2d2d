/**
 * Event patterns as EventBridge's rules and Lambda's filters have them: an object with the shape of the event, whose arrays list what a field may be.
 * Semantics are those of AWS's Event Ruler (github.com/aws/event-ruler), with one difference: a dot in a name is a dot, never a step into an object.
 * Where a name is given twice, the last one counts, as JSON.parse has it.
 */
import { PatternError } from './errors.ts'
import { compileLeaf, type Leaf, RESERVED } from './operators.ts'
import { matchesPlan, plan } from './plan.ts'

/** Characters of a filter's pattern: the quota of Lambda's API. */
export const MAX_PATTERN_LENGTH = 4096
/** Objects within objects; bounds the recursion here and in matching. */
export const MAX_DEPTH = 64
/** What a pattern's $or multiply to; EventBridge refuses more, too. */
export const MAX_BRANCHES = 1000

/** One field that a branch of a pattern looks at. */
export interface Condition {
  readonly path: readonly string[]
  readonly leaf: Leaf
}

/** Conditions that must all hold, by path. A pattern without $or has one branch, and matches when any of its branches does. */
export type Branch = ReadonlyMap<string, Condition>

/** Compiles a pattern to a test of events, which are JSON values; an event that is no object matches nothing. Throws a PatternError. */
export function compilePattern(text: string): (event: unknown) => boolean {
  const plans = parsePattern(text).map((branch) => plan(branch.values()))
  return (event) => plans.some((one) => matchesPlan(one, event))
}

/** Parses and checks a pattern, and multiplies its $or out. Throws a PatternError. */
export function parsePattern(text: string): readonly Branch[] {
  if (text.length > MAX_PATTERN_LENGTH) throw new PatternError(`The pattern has ${text.length} characters; make do with ${MAX_PATTERN_LENGTH}.`)
  let pattern: unknown
  try {
    pattern = JSON.parse(text)
  } catch (error) {
    throw new PatternError(`The pattern is no JSON (${(error as Error).message}); write an object such as { "data": { "state": ["open"] } }.`)
  }
  if (!isObject(pattern)) throw new PatternError('The pattern is no object; write one such as { "data": { "state": ["open"] } }.')
  return expand(pattern, [], [new Map()], 1, false)
}

type PatternObject = Readonly<Record<string, unknown>>

/** Adds the conditions of an object of the pattern to every branch. A path that a branch has already is replaced, as Event Ruler does. */
function expand(object: PatternObject, path: readonly string[], branches: readonly Branch[], depth: number, inOr: boolean): readonly Branch[] {
  const names = Object.keys(object)
  if (names.length === 0) throw new PatternError(`${place(path)} is an empty object; name at least one field.`)
  if (depth > MAX_DEPTH) throw new PatternError(`${place(path.slice(0, 3))} goes ${depth} objects deep; make do with ${MAX_DEPTH}.`)
  for (const name of names) {
    const value = object[name]
    if (name === '$or') {
      branches = either(value, path, branches, depth)
      continue
    }
    const below = [...path, name]
    if (inOr && RESERVED.has(name)) {
      throw new PatternError(`${place(below)} is the name of an operator, which no field inside $or can have; put the operator into an array of a field.`)
    }
    if (Array.isArray(value)) {
      const condition = { path: below, leaf: compileLeaf(value, place(below)) }
      branches = branches.map((branch) => new Map(branch).set(JSON.stringify(below), condition))
    } else if (isObject(value)) {
      branches = expand(value, below, branches, depth + 1, inOr)
    } else {
      throw new PatternError(`${place(below)} is neither an array nor an object; put the value into an array.`)
    }
  }
  return branches
}

function either(alternatives: unknown, path: readonly string[], branches: readonly Branch[], depth: number): readonly Branch[] {
  const at = place([...path, '$or'])
  if (!Array.isArray(alternatives) || alternatives.length < 2 || !alternatives.every(isObject)) {
    throw new PatternError(`${at} must be an array of at least two objects.`)
  }
  const expanded: Branch[] = []
  for (const alternative of alternatives) {
    expanded.push(...expand(alternative, path, branches, depth + 1, true))
    if (expanded.length > MAX_BRANCHES) {
      throw new PatternError(`${at} makes more than ${MAX_BRANCHES} combinations with the others; split the pattern into several filters.`)
    }
  }
  return expanded
}

function isObject(value: unknown): value is PatternObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const place = (path: readonly string[]): string => (path.length === 0 ? 'The pattern' : path.join('.'))
