/**
 * Dead letters: the original record, byte for byte if it fits, in the envelope of
 * contracts/weir/dead-letter.avsc, with its cause and origin. Written inside a transaction or by a plain
 * producer.
 */

import { HEADERS, isDeadLetterHeader } from '@weir/contracts/headers.ts'
import type { Appender, RecordBatch } from './port.ts'
import { maxRecordBytes } from './records/format.ts'
import { editHeaders, findHeader, type Headers } from './records/headers.ts'
import { appendRecord, encodeValue, type ValueWriter } from './write.ts'

export interface Cause {
  /** Short: undecodable, unknown-schema, invalid, too-large, failed, rejected, unreadable. */
  readonly code: string
  /** One sentence; cut at 2,000 characters. */
  readonly message: string
}

export interface DeadLetterOptions {
  readonly topic: string
  /** That topic's partition count; a dead letter goes to its origin's partition modulo this. */
  readonly partitions: number
  /** That topic's max.message.bytes; if an original does not fit, only its beginning is kept. */
  readonly maxBatchBytes: number
  /** The flow that gives up the record: service.name. */
  readonly flow: string
}

export type Bury = (out: Appender, batch: RecordBatch, index: number, step: string, cause: Cause) => void

/** Room beside key, value and headers: the cause, at most 2,000 characters of three bytes, and names. */
const ENVELOPE_BYTES = 8 << 10
/** The bytes that a truncated dead letter keeps of the key and of the value: enough to see what it was. */
const BEGINNING = 16 << 10
const LONGEST_IDENTITY = 256

/**
 * Returns the function that writes dead letters. The original headers stay, `weir-id` and `weir-source` among
 * them, next to weir-dead-* headers that can be read without decoding.
 */
export function deadLetters(
  writer: ValueWriter<any>,
  { topic, partitions, maxBatchBytes, flow }: DeadLetterOptions,
): Bury {
  const most = maxRecordBytes(maxBatchBytes) - ENVELOPE_BYTES
  return (out, batch, index, step, { code, message }) => {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd } = batch
    const key = keyStart[index] < 0 ? null : bytes.subarray(keyStart[index], keyEnd[index])
    const value = valueStart[index] < 0 ? null : bytes.subarray(valueStart[index], valueEnd[index])
    // The key counts twice: it is in the envelope, and it is the dead letter's own key.
    const truncated =
      (key?.length ?? 0) * 2 + (value?.length ?? 0) + headersEnd[index] - headersStart[index] > most
    const beginning = truncated ? BEGINNING : Infinity
    const letter = {
      flow,
      step,
      code,
      message: message.slice(0, 2000).toWellFormed(),
      topic: batch.topic,
      partition: batch.partition,
      offset: batch.offsets[index],
      timestamp: batch.timestamps[index],
      failedAt: Date.now(),
      key: key?.subarray(0, beginning) ?? null,
      value: value?.subarray(0, beginning) ?? null,
      truncated,
      lastOffset: null,
    }
    const cause = causeHeaders(letter)
    const headers = truncated
      ? { ...identity(bytes, headersStart[index]), ...cause }
      : editHeaders(bytes, headersStart[index], (name) => !isDeadLetterHeader(name), cause)
    appendRecord(out, {
      topic,
      partition: batch.partition % partitions,
      key: letter.key,
      value: encodeValue(writer, letter),
      headers,
    })
  }
}

export type BuryUnreadable = (out: Appender, batch: RecordBatch) => void

/**
 * Returns the function that writes dead letters for records that cannot be read: one for each batch, which
 * names the offsets.
 */
export function unreadableLetters(writer: ValueWriter<any>, options: DeadLetterOptions): BuryUnreadable {
  const { topic, partitions, flow } = options
  return (out, { topic: origin, partition, unreadable, nextOffset }) => {
    const { firstOffset: offset, reason } = unreadable!
    const message = `The record batch of offsets ${offset} to ${nextOffset - 1} cannot be read: ${reason}.`
    const now = Date.now()
    const letter = {
      flow,
      step: 'read',
      code: 'unreadable',
      message,
      topic: origin,
      partition,
      offset,
      timestamp: now,
      failedAt: now,
      key: null,
      value: null,
      truncated: true,
      lastOffset: nextOffset - 1,
    }
    appendRecord(out, {
      topic,
      partition: partition % partitions,
      key: null,
      value: encodeValue(writer, letter),
      headers: causeHeaders(letter),
    })
  }
}

interface Origin {
  readonly flow: string
  readonly step: string
  readonly code: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** The headers that give the cause without decoding the dead letter. */
function causeHeaders({ flow, step, code, topic, partition, offset }: Origin): Headers {
  return {
    [HEADERS.deadFlow]: flow,
    [HEADERS.deadStep]: step,
    [HEADERS.deadCode]: code,
    [HEADERS.deadOrigin]: `${topic}/${partition}/${offset}`,
  }
}

/** The headers that identify the record, unless they are themselves too large. */
function identity(bytes: Buffer, headersStart: number): Headers {
  const found: Record<string, Buffer> = {}
  for (const name of [HEADERS.id, HEADERS.source, HEADERS.client]) {
    const value = findHeader(bytes, headersStart, name)
    if (value !== undefined && value.length <= LONGEST_IDENTITY) found[name] = value
  }
  return found
}
