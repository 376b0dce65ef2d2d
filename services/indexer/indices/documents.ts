/** Turns a record's bytes into the two lines of a bulk request, in one pass and without a promise. */

import type { Reader } from '@weir/codec'
import type { RecordBatch } from '@weir/kafka'
import type { Cause } from '@weir/kafka/dead-letters.ts'
import { RecordHeaders } from '@weir/sinks'
import type { IndexDestination } from '@weir/solutions/solution.ts'
import { actionOf, type Lines, replacementOf } from './bulk.ts'
import { indexNames, isEventTime } from './rotation.ts'

/**
 * The maximum length of an _id that both engines accept, in bytes. A single longer id would make them refuse
 * the whole request.
 */
const LONGEST_ID = 512

/** The reason why a record has no document, and the step that found out. */
export class Refusal {
  readonly step: string
  readonly cause: Cause
  constructor(step: string, code: string, message: string) {
    this.step = step
    this.cause = { code, message }
  }
}

/**
 * Creates a function that fills `lines`, one object for all records, for record i and returns undefined, or
 * returns the reason why it cannot.
 */
export function documents(
  definition: IndexDestination,
  reader: Reader,
  lines: Lines,
): (batch: RecordBatch, i: number) => Refusal | undefined {
  const indexName = indexNames(definition)
  const { replaces } = definition
  const headers = new RecordHeaders()
  let lastIndex = ''
  return (batch, i) => {
    if (batch.valueStart[i] < 0)
      return new Refusal('decode', 'undecodable', 'The record does not have a value.')
    let value: any
    try {
      headers.read(batch.bytes, batch.headersStart[i])
      value = reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])
    } catch (error) {
      return new Refusal(
        'decode',
        (error as { code?: string }).code ?? 'undecodable',
        (error as Error).message,
      )
    }
    const time: unknown = value[definition.eventTime]
    if (!isEventTime(time))
      return new Refusal(
        'rotate',
        'invalid',
        `${definition.eventTime} is not a time in the years 1970 to 9999.`,
      )
    const recordId = recordIdOf(batch, i, headers)
    if (typeof recordId !== 'string') return recordId
    const index = indexName(time)
    try {
      lines.document = JSON.stringify(definition.document(value, { id: recordId, source: headers.source }))
      if (replaces !== undefined)
        return replacement(lines, index, replaces.id(value), replaces.revision(value))
    } catch (error) {
      return new Refusal('document', 'failed', error instanceof Error ? error.message : String(error))
    }
    if (index !== lastIndex) lines.action = actionOf((lastIndex = index))
    lines.id = JSON.stringify(recordId)
    return undefined
  }
}

function replacement(lines: Lines, index: string, id: string, revision: number): Refusal | undefined {
  const length = Buffer.byteLength(id)
  if (length === 0 || length > LONGEST_ID)
    return new Refusal(
      'id',
      'invalid',
      `The document's id has ${length} bytes; search engines take 1 to ${LONGEST_ID}.`,
    )
  if (!Number.isSafeInteger(revision) || revision < 1)
    return new Refusal(
      'id',
      'invalid',
      `The document's revision is ${revision}; it must be a whole number from 1.`,
    )
  lines.action = replacementOf(index, revision)
  lines.id = JSON.stringify(id)
  return undefined
}

/**
 * The record's own id. Without one, its position in Kafka, which stays the same in a redelivery but not in a
 * client's retry.
 */
function recordIdOf(batch: RecordBatch, i: number, headers: RecordHeaders): string | Refusal {
  const length = headers.idLength
  if (length === 0) return `${batch.topic}-${batch.partition}-${batch.offsets[i]}`
  if (length > LONGEST_ID)
    return new Refusal(
      'id',
      'invalid',
      `weir-id has ${length} bytes; search engines take at most ${LONGEST_ID}.`,
    )
  return headers.id ?? new Refusal('id', 'invalid', 'weir-id is not UTF-8.')
}
