/**
 * Dead letters: the original record, byte for byte if it fits, in the envelope of
 * contracts/weir/dead-letter.avsc, with its cause and origin. Written inside a transaction or by a plain
 * producer.
 */

import type { Appender, RecordBatch } from './port.ts'
import { maxRecordBytes } from './records/format.ts'
import { editHeaders, encodeHeaders, findHeader, type Headers } from './records/headers.ts'

export interface Cause {
  /** Short: undecodable, unknown-schema, invalid, too-large, failed, rejected, unreadable. */
  readonly code: string
  /** One sentence; cut at 2,000 characters. */
  readonly message: string
}

/**
 * The codec's writer for the dead-letter topic: returns the end, or a negative number if the buffer is too
 * small.
 */
interface EnvelopeWriter {
  encode(value: any, into: Buffer, at: number): number
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
  writer: EnvelopeWriter,
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
      ? encodeHeaders({ ...identity(bytes, headersStart[index]), ...cause })
      : editHeaders(bytes, headersStart[index], (name) => !name.startsWith('weir-dead-'), cause)
    const envelope = encode(
      writer,
      letter,
      ENVELOPE_BYTES + (letter.key?.length ?? 0) + (letter.value?.length ?? 0),
    )
    const own = letter.key ?? EMPTY
    out.append(
      topic,
      batch.partition % partitions,
      letter.key && own,
      0,
      own.length,
      envelope,
      0,
      envelope.length,
      headers,
      0,
      headers.length,
    )
  }
}

export type BuryUnreadable = (out: Appender, batch: RecordBatch) => void

/**
 * Returns the function that writes dead letters for records that cannot be read: one for each batch, which
 * names the offsets.
 */
export function unreadableLetters(writer: EnvelopeWriter, options: DeadLetterOptions): BuryUnreadable {
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
    const headers = encodeHeaders(causeHeaders(letter))
    const envelope = encode(writer, letter, ENVELOPE_BYTES)
    out.append(
      topic,
      partition % partitions,
      null,
      0,
      0,
      envelope,
      0,
      envelope.length,
      headers,
      0,
      headers.length,
    )
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
    'weir-dead-flow': flow,
    'weir-dead-step': step,
    'weir-dead-code': code,
    'weir-dead-origin': `${topic}/${partition}/${offset}`,
  }
}

/** The headers that identify the record, unless they are themselves too large. */
function identity(bytes: Buffer, headersStart: number): Headers {
  const names = ['weir-id', 'weir-source', 'weir-client']
  const found = names.map((name) => [name, findHeader(bytes, headersStart, name)] as const)
  return Object.fromEntries(
    found.filter(
      (header): header is [string, Buffer] => header[1] !== undefined && header[1].length <= LONGEST_IDENTITY,
    ),
  )
}

const EMPTY = Buffer.alloc(0)

function encode(writer: EnvelopeWriter, letter: object, size: number): Buffer {
  for (; ; size *= 2) {
    const buffer = Buffer.allocUnsafe(size)
    const end = writer.encode(letter, buffer, 0)
    if (end >= 0) return buffer.subarray(0, end)
  }
}
