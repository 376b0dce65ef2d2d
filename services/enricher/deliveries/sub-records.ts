/** Cuts a record into those that are in it (Firehose developer guide, "Multi record deaggregation"). */
import { parseAnswer } from '../functions/mappings/response.ts'

/** The most records in one. */
export const MAX_SUB_RECORDS = 500

/** The record does not have the form that was promised. The message is a sentence. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

const OPEN = 0x7b
const CLOSE = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Returns successive JSON objects, which may have white space between them. Throws Malformed. */
export function jsonObjects(value: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = afterSpace(value, 0); at < value.length; at = afterSpace(value, at)) {
    if (value[at] !== OPEN) throw new Malformed(`At byte ${at} of the record no JSON object begins.`)
    const end = endOfObject(value, at)
    add(found, value.subarray(at, end))
    at = end
  }
  return found
}

/** Returns the pieces between delimiters. */
export function delimited(value: Buffer, delimiter: Buffer): Buffer[] {
  const found: Buffer[] = []
  let from = 0
  for (let at = value.indexOf(delimiter); at >= 0; at = value.indexOf(delimiter, from)) {
    add(found, value.subarray(from, at))
    from = at + delimiter.length
  }
  if (from < value.length) add(found, value.subarray(from))
  return found
}

/** Returns the messages of log events of CloudWatch; none for a control message. Throws Malformed. */
export function logMessages(value: Buffer): Buffer[] {
  const parsed = parseAnswer(value)
  const logs = (parsed.kind === 'success' ? parsed.value : null) as {
    readonly messageType?: unknown
    readonly logEvents?: unknown
  } | null
  if (logs?.messageType === 'CONTROL_MESSAGE') return []
  if (!Array.isArray(logs?.logEvents)) throw new Malformed('The record has no log events of CloudWatch.')
  return logs.logEvents.map((event: { readonly message?: unknown } | null) => {
    if (typeof event?.message !== 'string') throw new Malformed('A log event of the record has no message.')
    return Buffer.from(event.message)
  })
}

function add(found: Buffer[], piece: Buffer): void {
  if (found.length === MAX_SUB_RECORDS)
    throw new Malformed(`The record has more than ${MAX_SUB_RECORDS} records in it.`)
  found.push(piece)
}

function afterSpace(value: Buffer, from: number): number {
  let at = from
  while (at < value.length && (value[at] === 32 || (value[at] >= 9 && value[at] <= 13))) at++
  return at
}

/** Returns the index after the brace that closes the one at `from`. */
function endOfObject(value: Buffer, from: number): number {
  let open = 0
  for (let at = from, inText = false; at < value.length; at++) {
    const byte = value[at]
    if (byte === QUOTE) inText = !inText
    else if (inText) {
      if (byte === BACKSLASH) at++
    } else if (byte === OPEN) open++
    else if (byte === CLOSE && --open === 0) return at + 1
  }
  throw new Malformed('A JSON object of the record is cut off.')
}
