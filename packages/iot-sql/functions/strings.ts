/** Functions of strings. Lengths and places are in UTF-16 code units, as in Java. */
import type { Evaluation } from '../evaluation/evaluation.ts'
import { toIndex, toText } from '../values/convert.ts'
import type { Value } from '../values/value.ts'
import type { SqlFunction } from './call.ts'

/** Spaces that lpad and rpad add at most. */
const MAX_PADDING = 1000

/** A search compares that many characters in the time of a step. */
const COMPARISONS_PER_STEP = 64

const TAB_OR_SPACE = (code: number): boolean => code === 0x20 || code === 0x09
/** Java's String.trim takes all control characters for white space. */
const WHITE_SPACE = (code: number): boolean => code <= 0x20

export const STRINGS: Readonly<Record<string, SqlFunction>> = {
  lower: ofText((text) => text.toLowerCase()),
  upper: ofText((text) => text.toUpperCase()),
  trim: ofText((text) => text.slice(startOf(text, WHITE_SPACE), endOf(text, WHITE_SPACE))),
  ltrim: ofText((text) => text.slice(startOf(text, TAB_OR_SPACE))),
  rtrim: ofText((text) => text.slice(0, endOf(text, TAB_OR_SPACE))),
  length: { since2016: true, ...ofText((text) => text.length) },
  numbytes: { since2016: true, ...ofText((text) => Buffer.byteLength(text)) },
  startswith: ofTexts((text, part) => text.startsWith(part)),
  endswith: ofTexts((text, part) => text.endsWith(part)),
  indexof: {
    since2016: true,
    ...ofTexts((text, part, evaluation) => {
      countSearch(text, part, evaluation)
      return text.indexOf(part)
    }),
  },
  lpad: padding((text, spaces) => spaces + text),
  rpad: padding((text, spaces) => text + spaces),
  replace: { arity: [3, 3], call: replace },
  substring: { arity: [2, 3], call: substring },
  chr: {
    arity: [1, 1],
    call: ([value], evaluation) => {
      const code = toIndex(value, evaluation)
      return code === undefined || code < 0 || code > 0x7f ? undefined : String.fromCharCode(code)
    },
  },
}

function ofText(compute: (text: string) => Value): SqlFunction {
  return {
    arity: [1, 1],
    call: ([value], evaluation) => {
      const text = toText(value, evaluation)
      if (text === undefined) return undefined
      evaluation.count(text.length)
      return compute(text)
    },
  }
}

function ofTexts(compute: (a: string, b: string, evaluation: Evaluation) => Value): SqlFunction {
  return {
    arity: [2, 2],
    call: ([a, b], evaluation) => {
      const left = toText(a, evaluation)
      const right = toText(b, evaluation)
      if (left === undefined || right === undefined) return undefined
      evaluation.count(left.length + right.length)
      return compute(left, right, evaluation)
    },
  }
}

function padding(pad: (text: string, spaces: string) => string): SqlFunction {
  return {
    arity: [2, 2],
    call: ([value, count], evaluation) => {
      const text = toText(value, evaluation)
      const spaces = toIndex(count, evaluation)
      if (text === undefined || spaces === undefined) return undefined
      evaluation.count(text.length + MAX_PADDING)
      return pad(text, ' '.repeat(Math.min(Math.max(spaces, 0), MAX_PADDING)))
    },
  }
}

function replace([value, searched, replacement]: readonly Value[], evaluation: Evaluation): Value {
  const text = toText(value, evaluation)
  const part = toText(searched, evaluation)
  const by = toText(replacement, evaluation)
  if (text === undefined || part === undefined || by === undefined) return undefined
  countSearch(text, part, evaluation)
  const pieces = text.split(part)
  evaluation.count(text.length + by.length * (pieces.length + 1))
  // Java puts the replacement around every character if the part is empty.
  return part === '' ? by + pieces.join(by) + by : pieces.join(by)
}

/** The search of a long part may compare it with the text at every place. */
function countSearch(text: string, part: string, evaluation: Evaluation): void {
  evaluation.count(text.length + (text.length * part.length) / COMPARISONS_PER_STEP)
}

function substring([value, from, to]: readonly Value[], evaluation: Evaluation): Value {
  const text = toText(value, evaluation)
  const start = toIndex(from, evaluation)
  if (text === undefined || start === undefined) return undefined
  const end = to === undefined ? text.length : toIndex(to, evaluation)
  if (end === undefined) return undefined
  evaluation.count(1)
  return start >= end ? '' : text.slice(Math.max(start, 0), Math.max(end, 0))
}

function startOf(text: string, isSpace: (code: number) => boolean): number {
  let start = 0
  while (start < text.length && isSpace(text.charCodeAt(start))) start++
  return start
}

function endOf(text: string, isSpace: (code: number) => boolean): number {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return end
}
