/**
 * Decides which column gives which field of the value: from --map and --set, and otherwise from the column
 * names.
 */
import { UsageError } from '../command.ts'
import { isRawNumber, parseExactly } from '../json.ts'
import { hint } from '../nearest.ts'
import { decimal } from '../number.ts'
import type { Leaf, TopicContract } from './contract.ts'

/** One field of the value from a column of the row, times a factor. */
export interface FromColumn {
  readonly leaf: Leaf
  readonly column: number
  readonly factor: number
}

export type Assignment = FromColumn | { readonly leaf: Leaf; readonly constant: unknown }

export interface Mapping {
  readonly assignments: readonly Assignment[]
  /** Columns that no field takes. */
  readonly unused: readonly string[]
}

export interface Columns {
  readonly names: readonly string[]
  /**
   * Number of names that are known to be in the file; the rest may occur in later lines of an NDJSON file.
   */
  readonly known: number
}

/** Synonyms of a field, by its last path segment. Compared in lower case, letters and digits only. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  lat: ['latitude', 'y'],
  lon: ['lng', 'long', 'longitude', 'x'],
  speed: ['speedkmh', 'kmh', 'velocity'],
  heading: ['bearing', 'course', 'direction'],
}
const KEY_SYNONYMS = ['device', 'deviceid', 'trackid', 'vehicleid', 'vehicle', 'id', 'track']
const TIME_SYNONYMS = ['time', 'timestamp', 'ts', 'datetime', 'date', 'eventtime', 'timems', 'times']

/**
 * @param maps field=column or field=column*factor
 * @param sets field=value
 */
export function planMapping(
  contract: TopicContract,
  columns: Columns,
  maps: readonly string[],
  sets: readonly string[],
): Mapping {
  const said = new Map<string, Assignment>()
  for (const map of maps) {
    const { leaf, right } = split('--map', map, contract)
    said.set(leaf.name, { leaf, ...readColumn(right, columns) })
  }
  for (const set of sets) {
    const { leaf, right } = split('--set', set, contract)
    said.set(leaf.name, { leaf, constant: readConstant(leaf, right) })
  }
  const assignments: Assignment[] = []
  const missing: string[] = []
  for (const leaf of contract.leaves) {
    const assignment = said.get(leaf.name) ?? recognise(leaf, contract, columns)
    if (assignment) assignments.push(assignment)
    else if (!leaf.optional) missing.push(leaf.name)
  }
  if (missing.length > 0) {
    throw new UsageError(
      `No column matches ${missing.join(', ')}; choose one with --map ${missing[0]}=COLUMN. The columns are ${columns.names.slice(0, columns.known).join(', ')}.`,
    )
  }
  const used = new Set(assignments.map((assignment) => ('column' in assignment ? assignment.column : -1)))
  return { assignments, unused: columns.names.slice(0, columns.known).filter((_, c) => !used.has(c)) }
}

function split(option: string, text: string, contract: TopicContract): { leaf: Leaf; right: string } {
  const at = text.indexOf('=')
  if (at < 1)
    throw new UsageError(
      `${option} ${text}: write it as ${option} ${option === '--map' ? 'field=column' : 'field=value'}.`,
    )
  const name = text.slice(0, at)
  const leaf = contract.leaves.find((candidate) => candidate.name === name)
  if (!leaf)
    throw new UsageError(
      `${option} ${text}: ${contract.topic} has no field ${name}.${hint(
        name,
        contract.leaves.map((candidate) => candidate.name),
      )}`,
    )
  return { leaf, right: text.slice(at + 1) }
}

function readColumn(text: string, { names }: Columns): { column: number; factor: number } {
  const whole = names.indexOf(text)
  if (whole >= 0) return { column: whole, factor: 1 }
  const star = text.lastIndexOf('*')
  const factor = star > 0 ? decimal(text.slice(star + 1)) : 1
  const name = star > 0 ? text.slice(0, star) : text
  const column = names.indexOf(name)
  if (column < 0)
    throw new UsageError(
      `There is no column ${name}.${hint(name, names)} The columns are ${names.join(', ')}.`,
    )
  if (Number.isNaN(factor)) throw new UsageError(`The factor of --map …=${text} is not a number.`)
  return { column, factor }
}

function readConstant(leaf: Leaf, text: string): unknown {
  if (leaf.type === 'text') return text
  const value = text === 'null' && leaf.nullable ? null : parseJson(text)
  if (value !== undefined && (value === null || fits(leaf, value))) return value
  throw new UsageError(`--set ${leaf.name}=${text}: the field takes ${TYPE_NAMES[leaf.type]}.`)
}

function fits({ type }: Leaf, value: unknown): boolean {
  if (type === 'json') return true
  if (type === 'boolean') return typeof value === 'boolean'
  if (typeof value === 'number') return type === 'number' || Number.isSafeInteger(value)
  return type === 'number' && isRawNumber(value) && !Number.isInteger(Number(value.rawJSON))
}

const TYPE_NAMES = {
  text: 'text',
  integer: 'a whole number up to 2^53',
  number: 'a number',
  boolean: 'true or false',
  time: 'milliseconds since the epoch',
  json: 'JSON',
} as const

function parseJson(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}

function recognise(leaf: Leaf, contract: TopicContract, { names, known }: Columns): Assignment | undefined {
  const last = leaf.path[leaf.path.length - 1]
  const synonyms =
    leaf.name === contract.key
      ? KEY_SYNONYMS
      : leaf.name === contract.time
        ? TIME_SYNONYMS
        : (SYNONYMS[last] ?? [])
  const plain = names.slice(0, known).map(simplify)
  let column = names.slice(0, known).indexOf(leaf.name)
  for (const name of [simplify(leaf.name), simplify(last), ...synonyms]) {
    if (column < 0) column = plain.indexOf(name)
  }
  if (column < 0) column = names.indexOf(leaf.name)
  return column < 0 ? undefined : { leaf, column, factor: 1 }
}

const simplify = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
