/**
 * Infers a schema from a sample of values: types are widened until all values fit, and what does not fit is told. The
 * values are what JSON has, and bigints.
 */
import type { AvroSchema } from '@weir/contracts/avro.ts'

export interface Inferred {
  /** A record with a field for each name that occurs. */
  readonly schema: AvroSchema
  /** Sentences that begin with a field's path. */
  readonly conflicts: readonly string[]
  /** The values that were not objects, which are left out. */
  readonly skipped: number
}

/** Deeper values are texts with JSON. */
const MAX_DEPTH = 12
/** An object with more names than these is a map. */
const MAX_FIELDS = 200
/** All fields together; further ones are left out. */
const MAX_ALL_FIELDS = 5000
const MAX_CONFLICTS = 100
const MAX_PATH = 200
/** The first whole number that a long of 64 bits cannot hold. */
const TOO_LONG = 2 ** 63
const FIELD = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

type Scalar = 'boolean' | 'int' | 'long' | 'double' | 'string'

/** Counts of the values at one path, by their types. */
interface Seen {
  /** Values, without nulls. */
  count: number
  nulls: number
  readonly scalars: Map<Scalar, number>
  fields: Map<string, Seen> | undefined
  items: Seen | undefined
  objects: number
  lists: number
  /** Values that were too deep. */
  deep: number
}

interface Sample {
  fields: number
  leftOut: number
}

/** @param name of the record: the name of a topic, for example */
export function infer(values: Iterable<unknown>, name: string): Inferred {
  const root = nothing()
  const sample: Sample = { fields: 0, leftOut: 0 }
  let skipped = 0
  for (const value of values) {
    if (isObject(value)) see(root, value, 0, sample)
    else skipped++
  }
  const conflicts: string[] = []
  if (sample.leftOut > 0)
    conflicts.push(
      `The values have more than ${MAX_ALL_FIELDS} fields; ${sample.leftOut} values of further ones are left out.`,
    )
  const writer = new Writer(conflicts)
  return {
    schema: writer.record(root, typeName(name), ''),
    conflicts: conflicts.slice(0, MAX_CONFLICTS),
    skipped,
  }
}

function see(seen: Seen, value: unknown, depth: number, sample: Sample): void {
  if (value === null || value === undefined) {
    seen.nulls++
    return
  }
  seen.count++
  if (typeof value !== 'object') return add(seen.scalars, scalarOf(value))
  if (depth >= MAX_DEPTH) {
    seen.deep++
    return
  }
  if (Array.isArray(value)) {
    seen.lists++
    seen.items ??= nothing()
    for (const item of value) see(seen.items, item, depth + 1, sample)
    return
  }
  seen.objects++
  seen.fields ??= new Map()
  for (const [name, member] of Object.entries(value)) {
    let field = seen.fields.get(name)
    if (field === undefined) {
      if (sample.fields >= MAX_ALL_FIELDS) {
        sample.leftOut++
        continue
      }
      sample.fields++
      field = nothing()
      seen.fields.set(name, field)
    }
    see(field, member, depth + 1, sample)
  }
}

function scalarOf(value: unknown): Scalar {
  switch (typeof value) {
    case 'boolean':
      return 'boolean'
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'long' : 'double'
    case 'number':
      if (!Number.isInteger(value) || Math.abs(value) >= TOO_LONG) return 'double'
      return value === (value | 0) ? 'int' : 'long'
    default:
      return 'string'
  }
}

/** Writes the counts as a schema, and notes conflicts. */
class Writer {
  readonly #conflicts: string[]
  readonly #names = new Set<string>()

  constructor(conflicts: string[]) {
    this.#conflicts = conflicts
  }

  record(seen: Seen, name: string, path: string): AvroSchema {
    const fields = [...(seen.fields ?? [])].flatMap(([field, inner]) => {
      const at = path === '' ? field : `${path}.${field}`
      if (!FIELD.test(field)) {
        this.#note(at, 'is not a name that a field can have, and is left out')
        return []
      }
      const type = this.#type(inner, `${name}_${field}`, at)
      const isOptional = inner.nulls > 0 || inner.count + inner.nulls < seen.objects
      return [isOptional ? { name: field, type: ['null', type], default: null } : { name: field, type }]
    })
    return { type: 'record', name: this.#unique(name), fields } as unknown as AvroSchema
  }

  #type(seen: Seen, name: string, at: string): AvroSchema {
    const { scalars, objects, lists, deep, count } = seen
    if (deep > 0)
      this.#note(at, `is nested deeper than ${MAX_DEPTH} levels in ${deep} values; it is text with JSON`)
    const kinds = [...numbersTogether(scalars), ...counted('object', objects), ...counted('list', lists)]
    if (count === 0) this.#note(at, 'is null in all values; its type is not known, and text is proposed')
    if (deep > 0 || count === 0) return 'string'
    if (kinds.length > 1) {
      const found = kinds.map(([kind, times]) => `${kind} in ${times}`).join(', ')
      this.#note(at, `is ${found} of ${count} values; text is proposed`)
      return 'string'
    }
    if (objects > 0) return this.#object(seen, name, at)
    if (lists > 0) return { type: 'array', items: this.#orNull(seen.items!, name, `${at}[]`) }
    return widest(scalars)
  }

  #object(seen: Seen, name: string, at: string): AvroSchema {
    const names = [...seen.fields!.keys()]
    const isRecord = names.length <= MAX_FIELDS && names.every((field) => FIELD.test(field))
    if (isRecord) return this.record(seen, name, at)
    const together = [...seen.fields!.values()].reduce(merge, nothing())
    return { type: 'map', values: this.#orNull(together, name, `${at}{}`) }
  }

  #orNull(seen: Seen, name: string, at: string): AvroSchema {
    const type = seen.count === 0 && seen.nulls === 0 ? 'string' : this.#type(seen, name, at)
    return seen.nulls > 0 ? ['null', type] : type
  }

  #note(at: string, sentence: string): void {
    if (this.#conflicts.length < MAX_CONFLICTS) this.#conflicts.push(`${at.slice(0, MAX_PATH)} ${sentence}.`)
  }

  #unique(name: string): string {
    let unique = name
    for (let i = 2; this.#names.has(unique); i++) unique = `${name}${i}`
    this.#names.add(unique)
    return unique
  }
}

/** Adds the counts of two paths. */
function merge(a: Seen, b: Seen): Seen {
  const scalars = new Map(a.scalars)
  for (const [kind, times] of b.scalars) scalars.set(kind, (scalars.get(kind) ?? 0) + times)
  const fields = new Map(a.fields)
  for (const [name, seen] of b.fields ?? []) {
    const before = fields.get(name)
    fields.set(name, before === undefined ? seen : merge(before, seen))
  }
  return {
    count: a.count + b.count,
    nulls: a.nulls + b.nulls,
    scalars,
    fields: a.fields || b.fields ? fields : undefined,
    items: a.items && b.items ? merge(a.items, b.items) : (a.items ?? b.items),
    objects: a.objects + b.objects,
    lists: a.lists + b.lists,
    deep: a.deep + b.deep,
  }
}

const nothing = (): Seen => ({
  count: 0,
  nulls: 0,
  scalars: new Map(),
  fields: undefined,
  items: undefined,
  objects: 0,
  lists: 0,
  deep: 0,
})

const NUMBERS: readonly Scalar[] = ['double', 'long', 'int']

/** Numbers are one kind: the widest holds them all. */
function numbersTogether(scalars: ReadonlyMap<Scalar, number>): [string, number][] {
  const numbers = NUMBERS.reduce((sum, kind) => sum + (scalars.get(kind) ?? 0), 0)
  const others = [...scalars].filter(([kind]) => !NUMBERS.includes(kind))
  return [
    ...counted('number', numbers),
    ...others.map(([kind, times]): [string, number] => [words[kind] ?? kind, times]),
  ]
}

const words: Readonly<Record<string, string>> = { string: 'text', boolean: 'boolean' }

const widest = (scalars: ReadonlyMap<Scalar, number>): Scalar =>
  NUMBERS.find((kind) => scalars.has(kind)) ?? [...scalars.keys()][0]!

const counted = (kind: string, times: number): [string, number][] => (times === 0 ? [] : [[kind, times]])

const add = (counts: Map<Scalar, number>, kind: Scalar): void =>
  void counts.set(kind, (counts.get(kind) ?? 0) + 1)

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns TaxiTelemetry for taxi.telemetry. */
function typeName(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(joined) ? joined : `T${joined}`
}
