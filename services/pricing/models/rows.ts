/**
 * Reads the rows of a request: JSON, JSON Lines or CSV. A row has the features of the contract in their order, or by
 * their names. Every value is a finite number within its range.
 */
import { shapeOfJson } from '@weir/service'
import { ModelFault } from './faults.ts'
import type { Feature } from './features.ts'

export const FORMATS = ['application/json', 'application/jsonlines', 'text/csv'] as const
export type Format = (typeof FORMATS)[number]

/** The rows of a request, which bounds its predictions too. */
export const MAX_ROWS = 50_000
/** Parsed JSON takes many times its length if it has many small values. */
const MAX_JSON_VALUES = 1_000_000
const MAX_JSON_NAMES = 1000
const MAX_DEPTH = 5
/** Some clients name JSON Lines otherwise. */
const ALIASES: Readonly<Record<string, Format>> = {
  'application/x-jsonlines': 'application/jsonlines',
  'application/jsonl': 'application/jsonlines',
}
/** A number as JSON has it; a sign or a point in front as CSV has it too. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NOT_FINITE = /\bNaN\b|\bInfinity\b/
const NOT_FINITE_ALL = /-?\b(?:NaN|Infinity)\b/g
const MAX_QUOTED = 40

/** Returns the format of a media type, with or without parameters; undefined for others. */
export function formatOf(mediaType: string): Format | undefined {
  const name = mediaType.split(';', 1)[0].trim().toLowerCase()
  return (
    FORMATS.find((format) => format === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined)
  )
}

/** Returns the rows, one after the other. Throws a ModelFault whose message names the row and the feature. */
export function readRows(body: Buffer, format: Format, features: readonly Feature[]): Float32Array {
  const reader = new RowReader(features)
  if (format === 'text/csv') readCsv(body, reader)
  else if (format === 'application/jsonlines') readLines(body, reader)
  else for (const row of instancesOf(parsed(body, 'The body'))) reader.add(row)
  return reader.finish()
}

class RowReader {
  readonly #features: readonly Feature[]
  readonly #names: ReadonlySet<string>
  #rows: Float32Array
  count = 0

  constructor(features: readonly Feature[]) {
    this.#features = features
    this.#names = new Set(features.map(({ name }) => name))
    this.#rows = new Float32Array(features.length * 16)
  }

  /** The number of the row that is read, from 1. */
  get at(): number {
    return this.count + 1
  }

  /** Adds a row of JSON. */
  add(row: unknown): void {
    if (Array.isArray(row)) return this.addList(row)
    if (typeof row !== 'object' || row === null)
      throw refused(`Row ${this.at} must be a list of numbers, or an object.`)
    const named = row as Readonly<Record<string, unknown>>
    if (Array.isArray(named.features) && Object.keys(named).length === 1) return this.addList(named.features)
    const unknown = Object.keys(named).find((name) => !this.#names.has(name))
    if (unknown !== undefined)
      throw refused(`Row ${this.at} has ${quoted(unknown)}, which is not a feature of the contract.`)
    this.#put((index) => {
      const { name } = this.#features[index]
      return Object.hasOwn(named, name) ? named[name] : undefined
    })
  }

  /** Adds a row whose values are in the order of the contract. */
  addList(values: readonly unknown[]): void {
    const { length } = this.#features
    if (values.length !== length)
      throw refused(`Row ${this.at} has ${values.length} values, and the contract ${length} features.`)
    this.#put((index) => values[index])
  }

  finish(): Float32Array {
    if (this.count === 0) throw refused('The request does not have a row.')
    return this.#rows.slice(0, this.count * this.#features.length)
  }

  #put(valueAt: (index: number) => unknown): void {
    if (this.count === MAX_ROWS) throw refused(`A request can have ${MAX_ROWS} rows.`)
    const start = this.count * this.#features.length
    if (start === this.#rows.length) {
      const larger = new Float32Array(start * 2)
      larger.set(this.#rows)
      this.#rows = larger
    }
    for (let index = 0; index < this.#features.length; index++)
      this.#rows[start + index] = checked(valueAt(index), this.#features[index], this.at)
    this.count++
  }
}

function checked(value: unknown, { name, min, max }: Feature, row: number): number {
  if (value === undefined || value === null || value === '')
    throw refused(`Row ${row} does not have ${name}.`)
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw refused(`${name} of row ${row} is ${quoted(value)}, and must be a number.`)
  if (value < min || value > max)
    throw refused(`${name} of row ${row} is ${value}, and must be between ${min} and ${max}.`)
  return value
}

/** Returns the rows of a JSON body: {"instances": […]}, or a list of rows. */
function instancesOf(value: unknown): readonly unknown[] {
  const rows = Array.isArray(value) ? value : (value as Readonly<Record<string, unknown>> | null)?.instances
  if (!Array.isArray(rows)) throw refused('The body must be {"instances": [ROW, …]}, or a list of rows.')
  return rows
}

function readLines(body: Buffer, reader: RowReader): void {
  for (const line of linesOf(body)) {
    if (line.toString('latin1').trim() !== '') reader.add(parsed(line, `Line ${reader.at}`))
  }
}

function readCsv(body: Buffer, reader: RowReader): void {
  for (const line of linesOf(body)) {
    const text = line.toString('utf8').trim()
    if (text === '') continue
    reader.addList(text.split(',').map((cell) => numberOf(cell.trim())))
  }
}

/** Returns the number of a cell; the text if it is not one. */
function numberOf(cell: string): number | string {
  return NUMBER.test(cell) ? Number(cell) : cell
}

function* linesOf(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(0x0a, start)
    const end = newline < 0 ? body.length : newline
    yield body.subarray(start, end)
    start = end + 1
  }
}

function parsed(bytes: Buffer, what: string): unknown {
  const { depth, values, names } = shapeOfJson(bytes, 0, bytes.length)
  if (depth > MAX_DEPTH || values > MAX_JSON_VALUES || names > MAX_JSON_NAMES)
    throw refused(`${what} has more values, names or levels than rows of features need.`)
  const text = bytes.toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return withoutNumbers(text) ?? fail(`${what} is not JSON.`)
  }
}

/** Programs in Python write NaN and Infinity. As texts they are refused with their row and their feature. */
function withoutNumbers(text: string): unknown {
  if (!NOT_FINITE.test(text)) return undefined
  try {
    return JSON.parse(text.replaceAll(NOT_FINITE_ALL, '"$&"'))
  } catch {
    return undefined
  }
}

function fail(message: string): never {
  throw refused(message)
}

function quoted(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
}

const refused = (message: string): ModelFault => new ModelFault('rows', message)
