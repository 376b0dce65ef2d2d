/**
 * Shapes describe JSON values. Every shape has bounds: strings and lists have a maximum length, numbers a
 * minimum and a maximum, and objects only the fields that the shape names. So a value that was read is
 * bounded in size and depth.
 */

/**
 * Returns the value with only the fields that the shape names, or throws a Misfit. @param at path, for the
 * message
 */
export type Shape<T> = (value: unknown, at: string, extra: ExtraFields) => T

/** The type of the values that have the shape. */
export type ShapedBy<S> = S extends Shape<infer T> ? T : never

/**
 * Fields that the shape does not name are refused if people write the values, and ignored if a later version
 * may have written them.
 */
export type ExtraFields = 'refused' | 'ignored'

/**
 * A value that does not have its shape. The message is a sentence with the path of the part that is wrong.
 */
export class Misfit extends Error {
  override readonly name = 'Misfit'
  /** `polygon[3][0]`, `options[0].price`; empty for the value itself. */
  readonly field: string

  /** @param complaint `must be a string`, without the path */
  constructor(field: string, complaint: string) {
    super(`${field === '' ? 'The value' : field} ${complaint}.`)
    this.field = field
  }
}

export function read<T>(shape: Shape<T>, value: unknown, extra: ExtraFields): T {
  return shape(value, '', extra)
}

/** The most characters of a name in a message: names come from outside. */
const MAX_NAME_LENGTH = 60

export interface TextBounds {
  /** 1 if not given; both count UTF-16 units. */
  readonly min?: number
  readonly max: number
  readonly pattern?: RegExp
  /** Describes the pattern in the message: `lower-case letters`. */
  readonly like?: string
}

/** A string of well-formed Unicode. */
export function text({ min = 1, max, pattern, like }: TextBounds): Shape<string> {
  return (value, at) => {
    if (typeof value !== 'string') throw new Misfit(at, 'must be a string')
    if (value.length < min || value.length > max) {
      throw new Misfit(at, `must have ${min} to ${max} characters, and has ${value.length}`)
    }
    if (!value.isWellFormed()) throw new Misfit(at, 'has half of a surrogate pair, which is not Unicode')
    if (pattern !== undefined && !pattern.test(value)) {
      throw new Misfit(at, `must be ${like ?? `a string that matches ${pattern.source}`}`)
    }
    return value
  }
}

/** A finite number, both bounds included. */
export function number({ min, max }: { min: number; max: number }): Shape<number> {
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new Misfit(at, 'must be a number')
    if (value < min || value > max) throw new Misfit(at, `must be between ${min} and ${max}`)
    return value
  }
}

/** A number that is exact in JSON. */
export function integer({ min, max }: { min: number; max: number }): Shape<number> {
  return (value, at) => {
    if (!Number.isSafeInteger(value)) throw new Misfit(at, 'must be a whole number')
    return number({ min, max })(value, at, 'refused')
  }
}

export const flag: Shape<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw new Misfit(at, 'must be true or false')
  return value
}

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return (value, at) => {
    if (!(values as readonly unknown[]).includes(value)) {
      throw new Misfit(at, `must be ${values.map((one) => JSON.stringify(one)).join(' or ')}`)
    }
    return value as T
  }
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, at, extra) => (value === null ? null : shape(value, at, extra))
}

export function list<T>(
  shape: Shape<T>,
  { min = 0, max }: { min?: number; max: number },
): Shape<readonly T[]> {
  return (value, at, extra) => {
    if (!Array.isArray(value)) throw new Misfit(at, 'must be a list')
    if (value.length < min || value.length > max) {
      throw new Misfit(at, `must have ${min} to ${max} items, and has ${value.length}`)
    }
    return value.map((item, i) => shape(item, `${at}[${i}]`, extra))
  }
}

export function pair<A, B>(first: Shape<A>, second: Shape<B>): Shape<readonly [A, B]> {
  return (value, at, extra) => {
    if (!Array.isArray(value) || value.length !== 2) throw new Misfit(at, 'must be a list of two items')
    return [first(value[0], `${at}[0]`, extra), second(value[1], `${at}[1]`, extra)]
  }
}

/** An object whose names come from outside, tags for instance. */
export function map<T>(
  name: Shape<string>,
  shape: Shape<T>,
  { max }: { max: number },
): Shape<Readonly<Record<string, T>>> {
  return (value, at, extra) => {
    const entries = Object.entries(objectAt(value, at))
    if (entries.length > max)
      throw new Misfit(at, `must have at most ${max} names, and has ${entries.length}`)
    return Object.fromEntries(
      entries.map(([key, item]) => [
        name(key, `the name ${shown(key)} of ${at || 'the value'}`, extra),
        shape(item, field(at, key), extra),
      ]),
    )
  }
}

type Fields = Readonly<Record<string, Shape<any>>>
type Required<F extends Fields> = { readonly [name in keyof F]: ShapedBy<F[name]> }
type Optional<F extends Fields> = { readonly [name in keyof F]?: ShapedBy<F[name]> | undefined }

/**
 * @param optional fields that may be missing; fields that are added later belong here, since older values
 * lack them
 */
// biome-ignore lint/complexity/noBannedTypes: No optional fields.
export function object<R extends Fields, O extends Fields = {}>(
  required: R,
  optional: O = {} as O,
): Shape<Required<R> & Optional<O>> {
  const names = new Set([...Object.keys(required), ...Object.keys(optional)])
  return (value, at, extra) => {
    const given = objectAt(value, at)
    if (extra === 'refused') {
      const unknown = Object.keys(given).find((name) => !names.has(name))
      if (unknown !== undefined) {
        throw new Misfit(field(at, unknown), `is not known; there are ${[...names].join(', ')}`)
      }
    }
    const found: Record<string, unknown> = {}
    for (const [name, shape] of Object.entries(required)) {
      if (!Object.hasOwn(given, name)) throw new Misfit(field(at, name), 'is missing')
      found[name] = shape(given[name], field(at, name), extra)
    }
    for (const [name, shape] of Object.entries(optional)) {
      if (Object.hasOwn(given, name) && given[name] !== undefined) {
        found[name] = shape(given[name], field(at, name), extra)
      }
    }
    return found as Required<R> & Optional<O>
  }
}

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Misfit(at, 'must be an object')
  return value as Readonly<Record<string, unknown>>
}

const field = (at: string, name: string): string => (at === '' ? shown(name) : `${at}.${shown(name)}`)

/** A name from outside, which may go to a terminal: cut, and with anything unusual escaped. */
function shown(name: string): string {
  const cut = name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name
  return /^[\w.:/@+-]*…?$/.test(cut) ? cut : JSON.stringify(cut)
}
