/** Converts rows to values, by a mapping and the contract's types. */
import { isRawNumber } from '../json.ts'
import type { Leaf } from './contract.ts'
import type { Assignment, FromColumn, Mapping } from './mapping.ts'
import { NOT_UTF8 } from './ndjson.ts'
import type { Window } from './survey.ts'
import { numberIn, readTime, type TimeReading, timeText } from './time.ts'

/** The result of converting a row. It is reused for every row, so read it before the next. */
export interface Converted {
  /** The value's JSON; undefined if the row cannot be sent. */
  json: string | undefined
  /** The value's key as text; '' if the topic has none. */
  key: string
  /** Milliseconds since the epoch, before the shift; NaN if the topic has no event time. */
  time: number
  /** Why the row cannot be sent: the field and its problem. */
  field: string
  problem: string
}

export interface ConvertOptions {
  readonly mapping: Mapping
  readonly key: string | undefined
  readonly time: string | undefined
  readonly reading: TimeReading
  /** Event times outside the window are refused. */
  readonly window: Window
  /** Milliseconds added to every time. */
  readonly shift: number
}

/** Returns the converter of a run. Cells are text (CSV) or JSON values (NDJSON). */
export function converter({
  mapping,
  key,
  time,
  reading,
  window,
  shift,
}: ConvertOptions): (cells: readonly unknown[]) => Converted {
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
      let read =
        'constant' in assignment
          ? assignment.constant
          : readCell(assignment, cells[assignment.column], reading)
      if (read instanceof Unreadable)
        return fail(leaf, `${show(cells[(assignment as FromColumn).column])} ${read.problem}`)
      if (read === undefined) {
        if (leaf.optional) continue
        return fail(leaf, 'is missing')
      }
      if (leaf.type === 'time' && 'column' in assignment && typeof read === 'number') {
        if (leaf.name === time) {
          if (read < window.from || read > window.to)
            return fail(leaf, `${show(cells[assignment.column])} is ${timeText(read)}, ${FAR}`)
          result.time = read
        }
        read += shift
      }
      if (leaf.name === key) result.key = String(read)
      put(value, leaf.path, read)
    }
    result.json = JSON.stringify(value)
    return result
  }
}

class Unreadable {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

const FAR = 'far from the other times; --all-times sends it'
const NO_TEXT = new Unreadable('is not text')
const NO_INTEGER = new Unreadable('is not a whole number')
const NO_NUMBER = new Unreadable('is not a number')
const TOO_LARGE = new Unreadable('times its factor is too large for a number')
const NO_BOOLEAN = new Unreadable('is not true or false')
const NO_TIME = new Unreadable('is not a time')
const DAMAGED = new Unreadable(NOT_UTF8)
const ROUNDED = new Unreadable(`is beyond ${Number.MAX_SAFE_INTEGER}, where numbers are no longer exact`)
const INEXACT_ID = new Unreadable('is a number whose exact text is unknown; write it as text')

/** Reads the cell by the leaf's type; undefined if it is blank, null if it is null and the leaf allows it. */
function readCell({ leaf, factor }: FromColumn, cell: unknown, reading: TimeReading): unknown {
  if (cell === undefined || (typeof cell === 'string' && cell.trim() === '')) return undefined
  if (cell === null) return leaf.nullable ? null : undefined
  switch (leaf.type) {
    case 'number':
      return scaled(cell, factor)
    case 'integer': {
      const value = scaled(cell, factor)
      return typeof value !== 'number' || Number.isSafeInteger(value)
        ? value
        : Number.isInteger(value)
          ? ROUNDED
          : NO_INTEGER
    }
    case 'time': {
      const value = readTime(cell, reading, factor)
      return Number.isNaN(value) ? NO_TIME : value
    }
    case 'boolean':
      return readBoolean(typeof cell === 'string' ? cell.trim() : cell)
    case 'text':
      return readText(cell)
    case 'json':
      return cell
  }
}

function scaled(cell: unknown, factor: number): unknown {
  const value = numberIn(cell)
  if (Number.isNaN(value)) return NO_NUMBER
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && isWholeText(cell)) return ROUNDED
  const result = factor === 1 ? value : value * factor
  // JSON has no infinity: it would write null.
  return Number.isFinite(result) ? result : TOO_LARGE
}

const isWholeText = (cell: unknown): boolean =>
  /^\s*[+-]?\d+\s*$/.test(isRawNumber(cell) ? cell.rawJSON : String(cell))

/** A number becomes text only if no other number has that text: two ids must not become one. */
function readText(cell: unknown): unknown {
  if (typeof cell === 'string') return cell.isWellFormed() ? cell : DAMAGED
  if (typeof cell === 'boolean') return String(cell)
  if (isRawNumber(cell)) return /^-?\d+$/.test(cell.rawJSON) ? cell.rawJSON : INEXACT_ID
  if (typeof cell !== 'number') return NO_TEXT
  return Number.isInteger(cell) && !Number.isSafeInteger(cell) ? INEXACT_ID : String(cell)
}

function readBoolean(cell: unknown): unknown {
  if (
    cell === true ||
    cell === 'true' ||
    cell === '1' ||
    cell === 1 ||
    cell === 'TRUE' ||
    cell === 'True' ||
    cell === 'Y'
  )
    return true
  if (
    cell === false ||
    cell === 'false' ||
    cell === '0' ||
    cell === 0 ||
    cell === 'FALSE' ||
    cell === 'False' ||
    cell === 'N'
  )
    return false
  return NO_BOOLEAN
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

/** Returns how a field is read from the rows; undefined if it is a constant or not given. */
export const columnOf = (mapping: Mapping, field: string | undefined): FromColumn | undefined =>
  mapping.assignments.find(
    (assignment: Assignment): assignment is FromColumn =>
      assignment.leaf.name === field && 'column' in assignment,
  )
