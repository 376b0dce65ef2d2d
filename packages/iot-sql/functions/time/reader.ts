/**
 * Reads a text by the patterns of Java's DateTimeFormatter, for time_to_epoch. The letters are G, u, y, M, L, d,
 * D, E, a, h, K, k, H, m, s, S, A, V, z, O, X, x and Z; a pattern with other letters fits no text.
 */
import type { Evaluation } from '../../evaluation/evaluation.ts'
import { DAYS, ERAS, HALVES, MONTHS, shortName } from './names.ts'
import type { Part } from './pattern.ts'
import { type Zone, zoneOf } from './zones.ts'

/** The fields that a text has, by the letter of the pattern. */
export interface Fields {
  readonly numbers: Map<string, number>
  zone: Zone | undefined
  readonly evaluation: Evaluation
}

/** The digits that a number may have, and the letter that it is kept under. */
interface NumberField {
  readonly key: string
  readonly least: number
  readonly most: number
}

/** Digits of a field without a fixed width; Java has 19, and dates need fewer. */
const MAX_DIGITS = 15
const ZONE = /(?:UTC|GMT|UT)?[+-]\d{1,2}(?::?\d{2}){0,2}|[A-Za-z][\w/+-]*/y
const OFFSET = /Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2}){0,2}|UTC|GMT/y

/** Undefined if the text does not fit the pattern, or if the pattern has a letter that is not supported. */
export function readFields(text: string, parts: readonly Part[], evaluation: Evaluation): Fields | undefined {
  const fields: Fields = { numbers: new Map(), zone: undefined, evaluation }
  let at = 0
  for (const [i, part] of parts.entries()) {
    const end = 'text' in part ? skip(text, at, part.text) : readField(text, at, parts, i, fields)
    if (end === undefined) return undefined
    at = end
  }
  return at === text.length ? fields : undefined
}

function skip(text: string, at: number, expected: string): number | undefined {
  return text.startsWith(expected, at) ? at + expected.length : undefined
}

function readField(
  text: string,
  at: number,
  parts: readonly Part[],
  index: number,
  fields: Fields,
): number | undefined {
  const { letter, count } = parts[index] as { letter: string; count: number }
  if (letter === 'S') return readFraction(text, at, count, fields)
  if (letter === 'V' || letter === 'z') return readZone(text, at, ZONE, fields)
  if ('OXxZ'.includes(letter)) return readZone(text, at, OFFSET, fields)
  const names = namesOf(letter, count)
  if (names !== undefined) return readName(text, at, names, letter, fields)
  const field = numberField(letter, count)
  if (field === undefined) return undefined
  const reserved = field.least === field.most ? 0 : reservedAfter(parts, index)
  return readNumber(
    text,
    at,
    { ...field, most: Math.max(field.least, field.most - reserved) },
    reserved,
    fields,
  )
}

/** The widths of the fields that follow without text between them: a longer number leaves them their digits. */
function reservedAfter(parts: readonly Part[], index: number): number {
  let digits = 0
  for (const part of parts.slice(index + 1)) {
    const field =
      'text' in part || namesOf(part.letter, part.count) ? undefined : numberField(part.letter, part.count)
    if (field === undefined || field.least !== field.most) return digits
    digits += field.least
  }
  return digits
}

function namesOf(letter: string, count: number): readonly string[] | undefined {
  if (letter === 'a' && count === 1) return HALVES
  if (letter === 'G' && count <= 3) return ERAS
  if ((letter === 'M' || letter === 'L') && count >= 3) return count === 3 ? MONTHS.map(shortName) : MONTHS
  if (letter === 'E') return count <= 3 ? DAYS.map(shortName) : DAYS
  return undefined
}

function numberField(letter: string, count: number): NumberField | undefined {
  if (letter === 'y' || letter === 'u') {
    if (count === 2) return { key: 'short year', least: 2, most: 2 }
    return { key: letter, least: count, most: MAX_DIGITS }
  }
  if (letter === 'D' && count <= 3) return { key: letter, least: count, most: 3 }
  if (letter === 'A') return { key: letter, least: count, most: MAX_DIGITS }
  if (letter === 'L' || letter === 'M') return count <= 2 ? width('M', count) : undefined
  return 'dhHkKms'.includes(letter) && count <= 2 ? width(letter, count) : undefined
}

const width = (key: string, count: number): NumberField => ({
  key,
  least: count,
  most: count === 1 ? MAX_DIGITS : 2,
})

function readNumber(
  text: string,
  at: number,
  { key, least, most }: NumberField,
  reserved: number,
  fields: Fields,
): number | undefined {
  const signed = key === 'u' && text[at] === '-' ? 1 : 0
  let end = at + signed
  while (end < text.length && isDigit(text, end)) end++
  const available = end - at - signed - reserved
  const digits = Math.min(Math.max(available, 0), most)
  if (digits < least) return undefined
  const stop = at + signed + digits
  return set(fields, key, Number(text.slice(at, stop))) ? stop : undefined
}

/** Milliseconds of the first three digits: there is nothing finer in an epoch. */
function readFraction(text: string, at: number, count: number, fields: Fields): number | undefined {
  for (let i = at; i < at + count; i++) if (!isDigit(text, i)) return undefined
  const digits = text
    .slice(at, at + count)
    .padEnd(3, '0')
    .slice(0, 3)
  return set(fields, 'S', Number(digits)) ? at + count : undefined
}

function readName(
  text: string,
  at: number,
  names: readonly string[],
  letter: string,
  fields: Fields,
): number | undefined {
  const index = names.findIndex((name) => text.startsWith(name, at))
  if (index < 0) return undefined
  const key = letter === 'L' ? 'M' : letter
  const value = 'ML'.includes(letter) || letter === 'E' ? index + 1 : index
  return set(fields, key, value) ? at + names[index].length : undefined
}

function readZone(text: string, at: number, pattern: RegExp, fields: Fields): number | undefined {
  pattern.lastIndex = at
  const [found] = pattern.exec(text) ?? []
  fields.zone = found === undefined ? undefined : zoneOf(found, fields.evaluation)
  return fields.zone === undefined ? undefined : at + found!.length
}

/** A field that is there twice must have the same value. */
function set({ numbers }: Fields, key: string, value: number): boolean {
  if (numbers.has(key)) return numbers.get(key) === value
  numbers.set(key, value)
  return true
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}
