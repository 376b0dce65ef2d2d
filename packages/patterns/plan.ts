/**
 * Conditions as a tree of names, and the matching of an event along it. Only the fields that the tree names
 * are read.
 *
 * Names are joined by dots in the pattern and in the event, as Event Ruler does: { "a.b": 1 } equals { "a": {
 * "b": 1 } }. Arrays of an event are transparent: a condition on a field holds when any value of the array
 * satisfies it. Conditions that reach into objects of one array must all be satisfied by the same object
 * (Event Ruler's array consistency), and { "exists": false } then refers to that object. If no other
 * condition chooses an object, the field must be absent from all of them.
 */
import type { Work } from './work.ts'

/**
 * A value of an event that is neither an object nor an array. Numbers are binary64, as JSON.parse gives them
 * and as Event Ruler compares them.
 */
export type Scalar = string | number | boolean | null

export type Matcher = (value: Scalar, work: Work) => boolean

/** The alternatives that a pattern gives for one field. */
export interface Leaf {
  readonly matches: Matcher
  /** True when the field may also be absent: { "exists": false } is among the alternatives. */
  readonly absent: boolean
}

/** A condition on one field, in a branch of a pattern. */
export interface Condition {
  /** Names without dots. */
  readonly path: readonly string[]
  readonly leaf: Leaf
}

/**
 * Conditions that must all hold, by their paths joined by dots. A pattern without $or has one branch; a
 * pattern matches if any of its branches does.
 */
export type Branch = ReadonlyMap<string, Condition>

/** The names that are looked up in an object of the event. */
export type Plan = readonly Step[]

/** A name and the conditions on it and below it. Plans with the same conditions share the step. */
interface Step {
  readonly name: string
  readonly leaf: Leaf | undefined
  readonly below: Plan | undefined
  /**
   * Names with dots for the fields below: "name.b" and "name.b.c" if "b" is below "name", and "c" below that.
   */
  readonly dotted: readonly string[]
}

type EventObject = Readonly<Record<string, unknown>>

/**
 * NO: some condition does not hold. ABSENT: all hold, because their fields are absent. YES: all hold, at
 * least one by a value.
 */
const NO = 0
const ABSENT = 1
const YES = 2
type Result = typeof NO | typeof ABSENT | typeof YES

/** Work to look a name up in an object. */
const STEPS_OF_NAME = 8
/** Work for each choice of objects from several arrays. */
const STEPS_OF_CHOICE = 128
/** Results for texts up to this length are not remembered. */
const SHORT = 64

/** Makes plans that share their common steps. */
export class Planner {
  readonly #steps = new Map<string, Step>()
  readonly #leaves = new Map<Leaf, number>()

  plan(conditions: Iterable<Condition>): Plan {
    return this.#grow([...conditions])
  }

  #grow(conditions: readonly Condition[]): Plan {
    const byName = Map.groupBy(conditions, ({ path }) => path[0])
    return [...byName].map(([name, group]) => {
      const key = JSON.stringify(group.map(({ path, leaf }) => [path, this.#idOf(leaf)]))
      let step = this.#steps.get(key)
      if (step === undefined) {
        step = this.#step(name, group)
        this.#steps.set(key, step)
      }
      return step
    })
  }

  #step(name: string, conditions: readonly Condition[]): Step {
    const deeper = conditions.filter(({ path }) => path.length > 1)
    const below = deeper.map(({ path, leaf }) => ({ path: path.slice(1), leaf }))
    const dotted = deeper.flatMap(({ path }) => path.slice(1).map((_, i) => path.slice(0, i + 2).join('.')))
    return {
      name,
      leaf: conditions.find(({ path }) => path.length === 1)?.leaf,
      below: below.length === 0 ? undefined : this.#grow(below),
      dotted: [...new Set(dotted)],
    }
  }

  #idOf(leaf: Leaf): number {
    let id = this.#leaves.get(leaf)
    if (id === undefined) this.#leaves.set(leaf, (id = this.#leaves.size))
    return id
  }
}

/** Whether the leaf accepts a field's value, or that it is absent (undefined). Throws TooMuchWork. */
export function acceptsValue(leaf: Leaf, value: unknown, work: Work): boolean {
  return matchLeaf(leaf, value, work) !== NO
}

/** @throws TooMuchWork */
export function matchesPlan(steps: Plan, event: unknown, work: Work): boolean {
  work.beginPlan()
  return isObject(event) && matchObject(steps, event, work) !== NO
}

/** `object` is undefined if the event has no object at this place. */
function matchObject(steps: Plan, object: EventObject | undefined, work: Work): Result {
  let result: Result = ABSENT
  for (const step of steps) {
    work.count(STEPS_OF_NAME * (1 + step.dotted.length))
    const value = object !== undefined && Object.hasOwn(object, step.name) ? object[step.name] : undefined
    const dotted = object === undefined || step.dotted.length === 0 ? undefined : dottedValues(step, object)
    const matched =
      dotted === undefined ? matchStep(step, value, work) : matchValues(step, [value, ...dotted], work)
    if (matched === NO) return NO
    if (matched === YES) result = YES
  }
  return result
}

/** { "b": 1 } for the step "a" and the object { "a.b": 1 }. Undefined if the object has no such names. */
function dottedValues({ name, dotted }: Step, object: EventObject): EventObject[] | undefined {
  let found: EventObject[] | undefined
  for (const joined of dotted) {
    if (Object.hasOwn(object, joined))
      (found ??= []).push({ [joined.slice(name.length + 1)]: object[joined] })
  }
  return found
}

function matchStep(step: Step, value: unknown, work: Work): Result {
  const results =
    Array.isArray(value) || (typeof value === 'string' && value.length > SHORT) ? work.results : undefined
  const known = results?.get(step)
  if (known !== undefined && known.value === value) return known.result as Result
  const leaf = step.leaf === undefined ? ABSENT : matchLeaf(step.leaf, value, work)
  const below = leaf === NO || step.below === undefined ? ABSENT : matchBelow(step.below, value, work)
  const result = leaf === NO || below === NO ? NO : leaf === YES || below === YES ? YES : ABSENT
  results?.set(step, { value, result })
  return result
}

function matchBelow(steps: Plan, value: unknown, work: Work): Result {
  if (!Array.isArray(value)) return matchObject(steps, isObject(value) ? value : undefined, work)
  let result = matchObject(steps, undefined, work)
  for (const element of elements(value, work)) {
    if (!isObject(element)) continue
    const matched = matchObject(steps, element, work)
    if (matched === YES) return YES
    if (matched === NO) result = NO
  }
  return result
}

function matchLeaf(leaf: Leaf, value: unknown, work: Work): Result {
  let present = false
  if (!Array.isArray(value)) {
    if (isScalar(value)) return leaf.matches(value, work) ? YES : NO
  } else {
    for (const element of elements(value, work)) {
      if (!isScalar(element)) continue
      if (leaf.matches(element, work)) return YES
      present = true
    }
  }
  // An object, or an array without values, is not a leaf: the field counts as absent.
  return !present && leaf.absent ? ABSENT : NO
}

/** Like matchStep, for a field to which names with dots give several values. */
function matchValues(step: Step, values: readonly unknown[], work: Work): Result {
  const leaf = step.leaf === undefined ? ABSENT : matchLeaf(step.leaf, values, work)
  if (leaf === NO) return NO
  const below = step.below === undefined ? ABSENT : matchChoices(step.below, values, [], work)
  return below === NO ? NO : leaf === YES || below === YES ? YES : ABSENT
}

/**
 * Tries every choice of one object from each array among the values. Values that are objects are always
 * chosen.
 */
function matchChoices(
  steps: Plan,
  values: readonly unknown[],
  chosen: readonly EventObject[],
  work: Work,
): Result {
  work.count(STEPS_OF_CHOICE)
  if (values.length === 0) return matchObjects(steps, chosen, work)
  const [first, ...rest] = values
  if (!Array.isArray(first))
    return matchChoices(steps, rest, isObject(first) ? [...chosen, first] : chosen, work)
  let result = matchChoices(steps, rest, chosen, work)
  for (const element of elements(first, work)) {
    if (!isObject(element)) continue
    const matched = matchChoices(steps, rest, [...chosen, element], work)
    if (matched === YES) return YES
    if (matched === NO) result = NO
  }
  return result
}

function matchObjects(steps: Plan, objects: readonly EventObject[], work: Work): Result {
  let result: Result = ABSENT
  for (const step of steps) {
    work.count(STEPS_OF_NAME * objects.length * (1 + step.dotted.length))
    const values = objects.flatMap((object) => {
      const own = Object.hasOwn(object, step.name) ? [object[step.name]] : []
      return [...own, ...(dottedValues(step, object) ?? [])]
    })
    const matched = matchValues(step, values, work)
    if (matched === NO) return NO
    if (matched === YES) result = YES
  }
  return result
}

/** Returns the elements of nested arrays, without recursion: an event may nest them to any depth. */
function elements(array: readonly unknown[], work: Work): readonly unknown[] {
  work.count(array.length)
  if (!array.some(Array.isArray)) return array
  const found: unknown[] = []
  const waiting: unknown[] = [array]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (Array.isArray(next)) {
      work.count(next.length)
      for (const element of next) waiting.push(element)
    } else found.push(next)
  }
  return found
}

function isObject(value: unknown): value is EventObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScalar(value: unknown): value is Scalar {
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  )
}
