/** parse_time, which writes times, and time_to_epoch, which reads them. */
import type { Evaluation } from '../../evaluation/evaluation.ts'
import { toIndex, toText } from '../../values/convert.ts'
import type { Value } from '../../values/value.ts'
import type { SqlFunction } from '../call.ts'
import { formatTime } from './format.ts'
import { parsePattern } from './pattern.ts'
import { readFields } from './reader.ts'
import { resolve } from './resolve.ts'
import { zoneOf } from './zones.ts'

/** Steps to write or read a time. */
const STEPS = 2000
/** Characters of a text that is read. */
const MAX_TEXT_LENGTH = 200
/** Java's patterns have optional sections in brackets, and keep the other characters for later. */
const RESERVED = /[[\]{}#]/
const QUOTED = /'[^']*'/g

export const TIMES: Readonly<Record<string, SqlFunction>> = {
  parse_time: { since2016: true, arity: [2, 3], call: parseTime },
  time_to_epoch: { since2016: true, arity: [2, 2], call: timeToEpoch },
}

function parseTime(args: readonly Value[], evaluation: Evaluation): Value {
  evaluation.count(STEPS)
  const pattern = toText(args[0], evaluation)
  const epochMs = toIndex(args[1], evaluation)
  const id = args.length < 3 ? 'UTC' : toText(args[2], evaluation)
  if (pattern === undefined || epochMs === undefined || id === undefined) return undefined
  const parts = parsePattern(pattern)
  const zone = zoneOf(id, evaluation)
  return parts === undefined || zone === undefined ? undefined : formatTime(parts, epochMs, zone)
}

function timeToEpoch(args: readonly Value[], evaluation: Evaluation): Value {
  evaluation.count(STEPS)
  const text = toText(args[0], evaluation)
  const pattern = toText(args[1], evaluation)
  if (text === undefined || pattern === undefined || text.length > MAX_TEXT_LENGTH) return undefined
  const parts = RESERVED.test(pattern.replace(QUOTED, '')) ? undefined : parsePattern(pattern)
  const fields = parts === undefined ? undefined : readFields(text, parts, evaluation)
  return fields === undefined ? undefined : resolve(fields)
}
