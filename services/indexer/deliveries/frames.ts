/**
 * Records in a file, each with its arrival time and its id, for receivers that need them one by one. A frame: the length
 * of the value (u32), the arrival time (f64, ms since the epoch), the length of the id (u16), the id, the value.
 */
import { createReadStream } from 'node:fs'
import type { RecordBatch } from '@weir/kafka'
import { RecordHeaders } from '@weir/sinks'

export interface Frame {
  /** When the record arrived, ms since the epoch. */
  readonly time: number
  /** The same whenever the record is read. */
  readonly id: string
  /** Valid as long as it is held: it is never overwritten. */
  readonly value: Buffer
}

const HEAD_BYTES = 4 + 8 + 2
/** Engines take no longer ids. */
const MAX_ID_BYTES = 512
const READ_BYTES = 1 << 20

const headers = new RecordHeaders()

/** The id that its sender gave the record, or else its place in Kafka. */
export function idOf({ topic, partition, offsets, bytes, headersStart }: RecordBatch, i: number): string {
  headers.read(bytes, headersStart[i])
  const id = headers.idLength > 0 && headers.idLength <= MAX_ID_BYTES ? headers.id : undefined
  return id ?? `${topic}-${partition}-${offsets[i]}`
}

/** The size of the record's frame, at most. A null is written like an empty record. */
export const maxFrameBytes = ({ valueStart, valueEnd }: RecordBatch, i: number): number =>
  HEAD_BYTES + MAX_ID_BYTES + (valueStart[i] < 0 ? 0 : valueEnd[i] - valueStart[i])

/** Writes the frame of record i at `at`, and returns its end. */
export function writeFrame(batch: RecordBatch, i: number, into: Buffer, at: number): number {
  const start = batch.valueStart[i]
  const length = start < 0 ? 0 : batch.valueEnd[i] - start
  const idBytes = into.write(idOf(batch, i), at + HEAD_BYTES)
  into.writeUInt32LE(length, at)
  into.writeDoubleLE(batch.timestamps[i], at + 4)
  into.writeUInt16LE(idBytes, at + 12)
  const valueAt = at + HEAD_BYTES + idBytes
  if (length > 0) batch.bytes.copy(into, valueAt, start, start + length)
  return valueAt + length
}

/** The frames of a file, some at a time. Rejects with the error of the file system. */
export async function* readFrames(path: string, signal: AbortSignal): AsyncGenerator<Frame[]> {
  let rest: Buffer = Buffer.alloc(0)
  const file = createReadStream(path, { signal, highWaterMark: READ_BYTES })
  for await (const chunk of file as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const frames: Frame[] = []
    let at = 0
    for (;;) {
      if (at + HEAD_BYTES > bytes.length) break
      const idAt = at + HEAD_BYTES
      const valueAt = idAt + bytes.readUInt16LE(at + 12)
      const end = valueAt + bytes.readUInt32LE(at)
      if (end > bytes.length) break
      frames.push({
        time: bytes.readDoubleLE(at + 4),
        id: bytes.toString('utf8', idAt, valueAt),
        value: bytes.subarray(valueAt, end),
      })
      at = end
    }
    rest = bytes.subarray(at)
    if (frames.length > 0) yield frames
  }
  if (rest.length > 0) throw new Error(`${path} ends within a record.`)
}
