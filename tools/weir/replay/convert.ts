/** Rows to values, by a mapping and the contract's types. */
import type { Leaf } from './contract.ts'
import type { Assignment, FromColumn, Mapping } from './mapping.ts'
import { readTime, type TimeFormat } from './time.ts'

/** What a row became; reused for every row, so read it before the next. */
export interface Converted {
  /** The value's JSON; undefined where the row cannot be sent. */
  json: string | undefined
  /** The value's key as text, '' where the topic has none. */
  key: string
  /** Milliseconds since the epoch, before the shift. NaN where the topic has no event time. */
  time: number
  /** Why not: the field and what is wrong with it. */
  field: string
  problem: string
}

export interface ConvertOptions {
  readonly mapping: Mapping
  readonly key: string | undefined
  readonly time: string | undefined
  readonly timeFormat: TimeFormat
  /** Milliseconds added to every time. */
  readonly shift: number
}

/** Returns the converter of a run. Cells are text (CSV) or JSON values (NDJSON). */
export function converter({ mapping, key, time, timeFormat, shift }: ConvertOptions): (cells: readonly unknown[]) => Converted {
  const result: Converted = { json: undefined, key: '', time: NaN, field: '', problem: '' }
  const fail = (leaf: Leaf, problem: string): Converted => {
    result.json = undefined
    result.field = leaf.name
    result.problem = problem
    return result
  }
  return (cells) => {
    const value: Record<string, unknown> = {}
    result.key = ''
    for (const assignment of mapping.assignments) {
      const { leaf } = assignment
      let read = 'constant' in assignment ? assignment.constant : readCell(assignment, cells[assignment.column], timeFormat)
      if (read === UNREADABLE) return fail(leaf, `${show(cells[(assignment as FromColumn).column])} is ${EXPECTED[leaf.type]}`)
      if (read === undefined) {
        if (leaf.optional) continue
        return fail(leaf, 'is missing')
      }
      if (leaf.type === 'time' && 'column' in assignment && typeof read === 'number') {
        if (leaf.name === time) result.time = read
        read += shift
      }
      if (leaf.name === key) result.key = String(read)
      put(value, leaf.path, read)
    }
    result.json = JSON.stringify(value)
    return result
  }
}

const UNREADABLE = Symbol('unreadable')

const EXPECTED = { text: 'no text', integer: 'no whole number', number: 'no number', boolean: 'neither true nor false', time: 'no time', json: 'not usable' } as const

/** The cell by the leaf's type; undefined where it is empty, null where that is said and allowed. */
function readCell({ leaf, factor }: FromColumn, cell: unknown, timeFormat: TimeFormat): unknown {
  if (cell === undefined || cell === '') return undefined
  if (cell === null) return leaf.nullable ? null : undefined
  switch (leaf.type) {
    case 'number': return scaled(cell, factor)
    case 'integer': {
      const value = scaled(cell, factor)
      return typeof value === 'number' && !Number.isInteger(value) ? UNREADABLE : value
    }
    case 'time': {
      const value = factor === 1 ? readTime(cell, timeFormat) : readTime(Number(cell) * factor, timeFormat)
      return Number.isNaN(value) ? UNREADABLE : value
    }
    case 'boolean': return readBoolean(cell)
    case 'text': return typeof cell === 'string' ? cell : typeof cell === 'number' || typeof cell === 'boolean' ? String(cell) : UNREADABLE
    case 'json': return cell
  }
}

function scaled(cell: unknown, factor: number): unknown {
  const value = typeof cell === 'string' ? Number(cell) : cell
  return typeof value === 'number' && Number.isFinite(value) ? (factor === 1 ? value : value * factor) : UNREADABLE
}

function readBoolean(cell: unknown): unknown {
  if (cell === true || cell === 'true' || cell === '1' || cell === 1 || cell === 'TRUE' || cell === 'True' || cell === 'Y') return true
  if (cell === false || cell === 'false' || cell === '0' || cell === 0 || cell === 'FALSE' || cell === 'False' || cell === 'N') return false
  return UNREADABLE
}

function put(value: Record<string, unknown>, path: readonly string[], read: unknown): void {
  let at = value
  for (let d = 0; d < path.length - 1; d++) at = (at[path[d]] ??= {}) as Record<string, unknown>
  at[path[path.length - 1]] = read
}

function show(cell: unknown): string {
  const text = JSON.stringify(cell)
  return text.length > 42 ? `${text.slice(0, 40)}…` : text
}

/** How a field is read from the rows; undefined where it is a constant or not given. */
export const columnOf = (mapping: Mapping, field: string | undefined): FromColumn | undefined =>
  mapping.assignments.find((assignment: Assignment): assignment is FromColumn => assignment.leaf.name === field && 'column' in assignment)
