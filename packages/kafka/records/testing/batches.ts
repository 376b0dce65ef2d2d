/** Writes and reads record batches of known records. */
import { crc32c } from '@node-rs/crc32'
import type { RecordBatch } from '../../port.ts'
import { type AbortedTransaction, readBatches } from '../batch-reader.ts'
import { BatchWriter } from '../batch-writer.ts'
import { AT, CONTROL, TRANSACTIONAL, writeInt64 } from '../format.ts'
import { decodeHeaders, encodeHeaders, NO_HEADERS } from '../headers.ts'

export interface Sample {
  key: string | null
  value: string | null
  headers?: Record<string, string>
}

export const SAMPLES: Sample[] = [
  { key: 'a', value: 'one', headers: { 'weir-id': '1', empty: '' } },
  { key: null, value: 'two' },
  { key: '', value: '' },
  { key: 'tombstone', value: null },
  { key: 'x'.repeat(300), value: 'y'.repeat(70_000) },
]

export function write(
  samples: readonly Sample[],
  codec = 0,
  sender = { producerId: 7n, producerEpoch: 2, baseSequence: 5, transactional: false },
): Buffer {
  const writer = new BatchWriter()
  for (const { key, value, headers } of samples) {
    const keyBytes = key === null ? null : Buffer.from(key)
    const valueBytes = value === null ? null : Buffer.from(value)
    const block = headers ? encodeHeaders(headers) : NO_HEADERS
    writer.append(
      keyBytes,
      0,
      keyBytes?.length ?? 0,
      valueBytes,
      0,
      valueBytes?.length ?? 0,
      block,
      0,
      block.length,
    )
  }
  return Buffer.from(writer.finish(sender, codec))
}

/** Sets the base offset as the broker does on append: it is outside the checksum. */
export function at(offset: number, batch: Buffer): Buffer {
  writeInt64(batch, AT.baseOffset, offset)
  return batch
}

export function seal(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes)), AT.crc)
  return batch
}

/**
 * A transaction's end as the coordinator writes it: the key is version and type, the value version and
 * coordinator epoch.
 */
export function marker(offset: number, producerId: bigint, type: 0 | 1): Buffer {
  const writer = new BatchWriter()
  const key = Buffer.from([0, 0, 0, type])
  writer.append(key, 0, 4, Buffer.alloc(6), 0, 6, NO_HEADERS, 0, 1)
  const batch = Buffer.from(
    writer.finish({ producerId, producerEpoch: 0, baseSequence: -1, transactional: true }, 0),
  )
  batch.writeInt16BE(TRANSACTIONAL | CONTROL, AT.attributes)
  return at(offset, seal(batch))
}

export function read(bytes: Buffer, position = 0, aborted: AbortedTransaction[] = []): RecordBatch {
  return readBatches({ topic: 't', partition: 3, position, bytes, aborted, endOffset: 1000 })
}

export function samplesOf(batch: RecordBatch): Sample[] {
  return Array.from({ length: batch.length }, (_, i) => {
    const headers = decodeHeaders(batch.bytes, batch.headersStart[i])
    return {
      key: batch.keyStart[i] < 0 ? null : batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i]),
      value:
        batch.valueStart[i] < 0 ? null : batch.bytes.toString('utf8', batch.valueStart[i], batch.valueEnd[i]),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
    }
  })
}

/** The batch of SAMPLES with other bytes in the place of its records. */
export function withRecords(codec: number, records: Buffer): Buffer {
  const bytes = Buffer.concat([write(SAMPLES).subarray(0, AT.records), records])
  bytes.writeInt32BE(bytes.length - 12, AT.batchLength)
  bytes.writeInt16BE(codec, AT.attributes)
  return seal(bytes)
}
