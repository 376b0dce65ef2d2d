/** The newest values of a topic, and their formats. */
import { isUtf8 } from 'node:buffer'
import type { Kafka, RecordBatch } from '@weir/kafka'

/** The newest record of a topic, ms since the epoch, and its newest values. */
export interface Sample {
  readonly newestAt: number | undefined
  readonly values: readonly Buffer[]
}

const FETCH_BYTES = 1 << 20
/** All values together. */
const MAX_BYTES = 64 << 20

/** Resolves to up to `count` values, the newest of each partition. Rejects with a KafkaError. */
export async function newestOf(kafka: Kafka, topic: string, count: number): Promise<Sample> {
  const partitions = await kafka.admin.offsets(topic)
  const each = Math.ceil(count / Math.max(partitions.length, 1))
  const values: Buffer[] = []
  let newestAt: number | undefined
  let bytes = 0
  const take = (batch: RecordBatch): void => {
    for (let i = 0; i < batch.length && values.length < count; i++) {
      const at = batch.timestamps[i]!
      newestAt = Math.max(newestAt ?? at, at)
      const [start, end] = [batch.valueStart[i]!, batch.valueEnd[i]!]
      if (start < 0 || bytes + end - start > MAX_BYTES) continue
      bytes += end - start
      values.push(Buffer.from(batch.bytes.subarray(start, end)))
    }
  }
  for (const { partition, earliest, latest } of partitions) {
    for (let position = Math.max(earliest, latest - each); position < latest; ) {
      const batch = await kafka.fetch(topic, partition, position, FETCH_BYTES)
      if (batch.nextOffset <= position) break
      take(batch)
      position = batch.nextOffset
    }
  }
  return { newestAt, values }
}

export type Format = 'avro' | 'json' | 'csv' | 'text' | 'binary'

/** Returns the format of a value by its bytes. */
export function formatOf(value: Buffer): Format {
  if (value[0] === 0 || value[0] === 3) return 'avro'
  if (!isUtf8(value)) return 'binary'
  const text = value.toString()
  if (/^\s*[{[]/.test(text)) {
    try {
      JSON.parse(text)
      return 'json'
    } catch {
      return 'text'
    }
  }
  return text.includes(',') ? 'csv' : 'text'
}

/** Returns the value as an object; undefined if it is neither JSON nor a line of CSV. */
export function objectIn(value: Buffer, format: Format): unknown {
  if (format === 'json') return JSON.parse(value.toString())
  if (format !== 'csv') return undefined
  const cells = value.toString().trimEnd().split(',')
  return Object.fromEntries(cells.map((cell, i) => [`column_${i + 1}`, cellOf(cell.trim())]))
}

/** Returns the value of a cell of CSV: null if it is empty, a number, a boolean or a text. */
export function cellOf(cell: string): unknown {
  if (cell === '') return null
  if (cell === 'true' || cell === 'false') return cell === 'true'
  return /^-?(0|[1-9]\d{0,15})(\.\d{1,15})?(e[+-]?\d{1,3})?$/i.test(cell) ? Number(cell) : cell
}
