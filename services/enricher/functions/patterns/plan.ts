/**
 * Conditions as a tree of names, and the walk of an event along it. Only what the tree names is looked at.
 *
 * Arrays of an event are transparent: a condition on a field holds when any value of the array satisfies it. Conditions that reach into objects of one array
 * must all be satisfied by the same object (Event Ruler's array consistency), and { "exists": false } then speaks of that object. Where no other condition
 * chooses an object, the field must be absent from all of them.
 */
import type { Leaf, Scalar } from './operators.ts'
import type { Condition } from './pattern.ts'

/** The names that an object of the event is asked for. */
export type Plan = readonly Step[]

interface Step {
  readonly name: string
  readonly leaf: Leaf | undefined
  readonly below: Plan | undefined
}

/** NO: some condition does not hold. ABSENT: all hold, for want of their fields. YES: all hold, at least one by a value. */
const NO = 0
const ABSENT = 1
const YES = 2
type Result = typeof NO | typeof ABSENT | typeof YES

export function plan(conditions: Iterable<Condition>): Plan {
  return grow([...conditions].map(({ path, leaf }) => ({ path, leaf })))
}

function grow(conditions: readonly Condition[]): Plan {
  const byName = Map.groupBy(conditions, ({ path }) => path[0])
  return [...byName].map(([name, group]) => {
    const deeper = group.filter(({ path }) => path.length > 1).map(({ path, leaf }) => ({ path: path.slice(1), leaf }))
    return { name, leaf: group.find(({ path }) => path.length === 1)?.leaf, below: deeper.length > 0 ? grow(deeper) : undefined }
  })
}

export function matchesPlan(steps: Plan, event: unknown): boolean {
  return typeof event === 'object' && event !== null && !Array.isArray(event) && matchObject(steps, event as Readonly<Record<string, unknown>>) !== NO
}

/** `object` is undefined where the event has no object at this place. */
function matchObject(steps: Plan, object: Readonly<Record<string, unknown>> | undefined): Result {
  let result: Result = ABSENT
  for (const { name, leaf, below } of steps) {
    const value = object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined
    if (leaf) {
      const matched = matchLeaf(leaf, value)
      if (matched === NO) return NO
      if (matched === YES) result = YES
    }
    if (below) {
      const matched = matchBelow(below, value)
      if (matched === NO) return NO
      if (matched === YES) result = YES
    }
  }
  return result
}

function matchBelow(steps: Plan, value: unknown): Result {
  if (typeof value !== 'object' || value === null) return matchObject(steps, undefined)
  if (!Array.isArray(value)) return matchObject(steps, value as Readonly<Record<string, unknown>>)
  let result = matchObject(steps, undefined)
  for (const element of elements(value)) {
    if (typeof element !== 'object' || element === null) continue
    const matched = matchObject(steps, element as Readonly<Record<string, unknown>>)
    if (matched === YES) return YES
    if (matched === NO) result = NO
  }
  return result
}

function matchLeaf(leaf: Leaf, value: unknown): Result {
  let present = false
  if (!Array.isArray(value)) {
    if (isScalar(value)) return leaf.matches(value) ? YES : NO
  } else {
    for (const element of elements(value)) {
      if (!isScalar(element)) continue
      if (leaf.matches(element)) return YES
      present = true
    }
  }
  // An object, and an array without values, is no leaf: the field counts as absent.
  return !present && leaf.absent ? ABSENT : NO
}

/** What arrays within arrays hold, without recursion: an event may nest them as deep as it likes. */
function elements(array: readonly unknown[]): readonly unknown[] {
  if (!array.some(Array.isArray)) return array
  const found: unknown[] = []
  const waiting: unknown[] = [array]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (Array.isArray(next)) for (const element of next) waiting.push(element)
    else found.push(next)
  }
  return found
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
