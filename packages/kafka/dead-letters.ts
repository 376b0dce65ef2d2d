/** Dead letters: the original record, byte for byte, in the envelope of contracts/weir/dead-letter.avsc, with cause and origin. Used inside a transaction or by a plain producer. */
import { decodeHeaders, encodeHeaders } from './records/headers.ts'
import type { Appender, RecordBatch } from './port.ts'

export interface Cause {
  /** Short: undecodable, unknown-schema, invalid, failed, rejected. */
  readonly code: string
  /** One sentence; cut at 2,000 characters. */
  readonly message: string
}

/** The codec's writer for the dead-letter topic: returns the end, or a negative number where the buffer is too small. */
interface EnvelopeWriter {
  encode(value: any, into: Buffer, at: number): number
}

export interface DeadLetterOptions {
  readonly topic: string
  /** That topic's partition count; a letter goes to its origin's partition modulo this. */
  readonly partitions: number
  /** Who gives up records: service.name. */
  readonly flow: string
}

export type Bury = (out: Appender, batch: RecordBatch, index: number, step: string, cause: Cause) => void

/** Makes the function that buries records. The original headers stay, `weir-id` and `weir-source` among them, beside weir-dead-* ones for reading without decoding. */
export function deadLetters(writer: EnvelopeWriter, { topic, partitions, flow }: DeadLetterOptions): Bury {
  return (out, batch, index, step, { code, message }) => {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = batch
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
      key: keyStart[index] < 0 ? null : bytes.subarray(keyStart[index], keyEnd[index]),
      value: valueStart[index] < 0 ? null : bytes.subarray(valueStart[index], valueEnd[index]),
    }
    const headers = encodeHeaders({
      ...decodeHeaders(bytes, batch.headersStart[index]),
      'weir-dead-flow': flow,
      'weir-dead-step': step,
      'weir-dead-code': code,
      'weir-dead-origin': `${batch.topic}/${batch.partition}/${batch.offsets[index]}`,
    })
    const envelope = encode(writer, letter, 4096 + (letter.key?.length ?? 0) + (letter.value?.length ?? 0))
    const key = letter.key ?? EMPTY
    out.append(topic, batch.partition % partitions, letter.key && key, 0, key.length, envelope, 0, envelope.length, headers, 0, headers.length)
  }
}

const EMPTY = Buffer.alloc(0)

function encode(writer: EnvelopeWriter, letter: object, size: number): Buffer {
  for (;; size *= 2) {
    const buffer = Buffer.allocUnsafe(size)
    const end = writer.encode(letter, buffer, 0)
    if (end >= 0) return buffer.subarray(0, end)
  }
}
