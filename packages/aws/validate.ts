/**
 * Checks inputs against their shapes. Wrong types come first, as a SerializationException for the first wrong
 * value; then all constraints together, as a ValidationException. The texts are AWS's.
 */
import { type Constraint, constraintsOf } from './constraints.ts'
import { serializationError, validationError } from './errors.ts'
import { type ListShape, type MapShape, type Model, type StructureShape, shapeOf } from './model.ts'
import { cut, type Print, printer } from './print.ts'
import { converter, type Encoding, expectContainer, MAX_DEPTH } from './scalars.ts'

/** AWS reports at most this many at once. */
const MAX_PROBLEMS = 10
const NULL = 'null '

/**
 * Takes a result of JSON.parse or decodeCbor. Returns a new value with the members of the shape only: Buffers
 * for blobs, Dates for timestamps, integers cut to their range, objects without a prototype for maps, and no
 * nulls. Throws SerializationException and ValidationException.
 */
export type Check<T> = (value: unknown, encoding?: Encoding) => T

interface Checker {
  /** Converts a value that is not null; throws SerializationException. */
  take(value: unknown, encoding: Encoding, depth: number): unknown
  /** Returns whether a result of `take` meets all constraints. */
  fits(value: unknown): boolean
  /** Adds the constraints that it does not meet to the problems. */
  explain(value: unknown, path: string, problems: string[]): void
  /** The constraints on the value itself, without those on its members. */
  readonly constraints: readonly Constraint[]
}

type Container = Readonly<Record<string, unknown>>

/**
 * Compiles the check of a shape; the caller knows T. Throws if the model does not have the shape.
 * @param code of the error for values that do not meet the constraints
 */
export function compile<T = unknown>(
  model: Model,
  shapeName: string,
  code = 'ValidationException',
): Check<T> {
  const checker = checkerFor(model)(shapeName)
  return (value, encoding = 'json') => {
    if (value === null || typeof value !== 'object') throw serializationError()
    const taken = checker.take(value, encoding, 0)
    if (checker.fits(taken)) return taken as T
    const problems: string[] = []
    checker.explain(taken, '', problems)
    throw validationError(problems, code)
  }
}

function checkerFor(model: Model): (shapeName: string) => Checker {
  const print = printer(model)
  const made = new Map<string, Checker>()
  const of = (name: string): Checker => {
    const before = made.get(name)
    if (before !== undefined) return before
    // Shapes may contain themselves: until this one is made, others refer to it by name.
    made.set(name, {
      take: (value, encoding, depth) => made.get(name)!.take(value, encoding, depth),
      fits: (value) => made.get(name)!.fits(value),
      explain: (value, path, problems) => made.get(name)!.explain(value, path, problems),
      constraints: [],
    })
    const shape = shapeOf(model, name)
    const checker =
      shape.type === 'structure'
        ? structure(shape, of)
        : shape.type === 'list'
          ? list(shape, name, of, print)
          : shape.type === 'map'
            ? map(shape, name, of, print)
            : scalar(name, converter(shape), constraintsOf(shape), print)
    made.set(name, checker)
    return checker
  }
  return of
}

function scalar(
  name: string,
  take: Checker['take'],
  constraints: readonly Constraint[],
  print: Print,
): Checker {
  return {
    take,
    constraints,
    fits: fitsAll(constraints),
    explain: (value, path, problems) =>
      explainOwn(constraints, value, () => print(name, value), path, problems),
  }
}

function structure(
  { members, required = [], requiredUnless = {} }: StructureShape,
  of: (name: string) => Checker,
): Checker {
  const fields = Object.entries(members).map(([name, shape]) => {
    // An object without the member would seem to have it.
    if (name in Object.prototype) throw new Error(`A member cannot be named ${name}.`)
    const unless: string | undefined = requiredUnless[name]
    const always = required.includes(name)
    const needed = (value: Container): boolean =>
      always || (unless !== undefined && value[unless] === undefined)
    return { name, needed, shown: lowerFirst(name), checker: of(shape) }
  })
  return {
    constraints: [],
    take(value, encoding, depth) {
      const from = expectContainer(value, 'structure', depth, MAX_DEPTH) as Container
      const taken: Record<string, unknown> = {}
      for (const { name, checker } of fields) {
        const member = from[name]
        if (member !== undefined && member !== null) taken[name] = checker.take(member, encoding, depth + 1)
      }
      return taken
    },
    fits(value) {
      for (const { name, needed, checker } of fields) {
        const member = (value as Container)[name]
        if (member === undefined ? needed(value as Container) : !checker.fits(member)) return false
      }
      return true
    },
    explain(value, path, problems) {
      for (const { name, needed, shown, checker } of fields) {
        const member = (value as Container)[name]
        const at = path === '' ? shown : `${path}.${shown}`
        if (member !== undefined) checker.explain(member, at, problems)
        else if (needed(value as Container)) note(problems, NULL, at, 'Member must not be null')
      }
    },
  }
}

function list(shape: ListShape, name: string, of: (name: string) => Checker, print: Print): Checker {
  const own = constraintsOf(shape)
  const fitsOwn = fitsAll(own)
  const member = of(shape.member)
  const ofMembers =
    member.constraints.length === 0 || isContainer(member) ? undefined : innerText(member.constraints)
  return {
    constraints: own,
    take(value, encoding, depth) {
      const from = expectContainer(value, 'list', depth, MAX_DEPTH) as readonly unknown[]
      const taken: unknown[] = new Array(from.length)
      for (let i = 0; i < from.length; i++)
        taken[i] =
          from[i] === null || from[i] === undefined ? null : member.take(from[i], encoding, depth + 1)
      return taken
    },
    fits(value) {
      if (!fitsOwn(value)) return false
      for (const item of value as readonly unknown[]) if (item === null || !member.fits(item)) return false
      return true
    },
    explain(value, path, problems) {
      explainOwn(own, value, () => print(name, value), path, problems)
      const items = value as readonly unknown[]
      if (ofMembers !== undefined && items.some((item) => item !== null && !member.fits(item))) {
        note(problems, shown(print(name, value)), path, `Member must satisfy constraint: ${ofMembers}`)
      }
      for (let i = 0; i < items.length && problems.length < MAX_PROBLEMS; i++) {
        if (items[i] === null) note(problems, NULL, `${path}.${i + 1}.member`, 'Member must not be null')
        else if (ofMembers === undefined) member.explain(items[i], `${path}.${i + 1}.member`, problems)
      }
    },
  }
}

function map(shape: MapShape, name: string, of: (name: string) => Checker, print: Print): Checker {
  const own = constraintsOf(shape)
  const fitsOwn = fitsAll(own)
  const key = of(shape.key)
  const member = of(shape.value)
  const keyText = innerText(key.constraints)
  const ofMembers =
    member.constraints.length === 0 || isContainer(member) ? undefined : innerText(member.constraints)
  return {
    constraints: own,
    take(value, encoding, depth) {
      const from = expectContainer(value, 'map', depth, MAX_DEPTH) as Container
      const taken = Object.create(null) as Record<string, unknown>
      for (const name of Object.keys(from))
        taken[name] =
          from[name] === null || from[name] === undefined
            ? null
            : member.take(from[name], encoding, depth + 1)
      return taken
    },
    fits(value) {
      if (!fitsOwn(value)) return false
      for (const [name, item] of Object.entries(value as Container))
        if (item === null || !key.fits(name) || !member.fits(item)) return false
      return true
    },
    explain(value, path, problems) {
      explainOwn(own, value, () => print(name, value), path, problems)
      const entries = Object.entries(value as Container)
      if (entries.some(([name]) => !key.fits(name))) {
        note(problems, shown(print(name, value)), path, `Map keys must satisfy constraint: ${keyText}`)
      }
      if (ofMembers !== undefined && entries.some(([, item]) => item !== null && !member.fits(item))) {
        note(problems, shown(print(name, value)), path, `Map value must satisfy constraint: ${ofMembers}`)
      }
      for (const [name, item] of entries) {
        if (problems.length >= MAX_PROBLEMS) return
        if (item === null) note(problems, NULL, `${path}.${cut(name)}.member`, 'Member must not be null')
        else if (ofMembers === undefined) member.explain(item, `${path}.${cut(name)}.member`, problems)
      }
    },
  }
}

/** The members of lists and maps of containers are reported one by one. */
function isContainer({ constraints }: Checker): boolean {
  return constraints.some(({ ofContainer }) => ofContainer)
}

function fitsAll(constraints: readonly Constraint[]): (value: unknown) => boolean {
  if (constraints.length === 0) return () => true
  if (constraints.length === 1) return constraints[0].fits
  return (value) => {
    for (const { fits } of constraints) if (!fits(value)) return false
    return true
  }
}

function explainOwn(
  constraints: readonly Constraint[],
  value: unknown,
  print: () => string | undefined,
  path: string,
  problems: string[],
): void {
  for (const { fits, text } of constraints) if (!fits(value)) note(problems, shown(print()), path, text)
}

/** Returns the constraints of the members in the order in which AWS reports them for the whole. */
function innerText(constraints: readonly Constraint[]): string {
  return `[${constraints
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ text }) => text)
    .join(', ')}]`
}

const shown = (printed: string | undefined): string => (printed === undefined ? '' : `'${printed}' `)

/** @param value the value and a space; empty if the value is not shown */
function note(problems: string[], value: string, path: string, text: string): void {
  if (problems.length < MAX_PROBLEMS)
    problems.push(`Value ${value}at '${path}' failed to satisfy constraint: ${text}`)
}

const lowerFirst = (name: string): string => name[0].toLowerCase() + name.slice(1)
