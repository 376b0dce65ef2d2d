/** Cuts the records read from a shard into batches, and into lanes that may run in parallel. */
import { murmur2 } from '@weir/kafka'
import type { EventRecord } from './delivery.ts'
import { MAX_PAYLOAD_BYTES } from './settings.ts'

/** Bytes of an event besides its records. */
const ENVELOPE_BYTES = 1024

/** Cuts the records into batches of at most `size`, each within the payload's limit. */
export function batchesOf(records: readonly EventRecord[], size: number): EventRecord[][] {
  const batches: EventRecord[][] = []
  let batch: EventRecord[] = []
  let bytes = ENVELOPE_BYTES
  for (const record of records) {
    if (batch.length === size || (batch.length > 0 && bytes + record.json.length + 1 > MAX_PAYLOAD_BYTES)) {
      batches.push(batch)
      batch = []
      bytes = ENVELOPE_BYTES
    }
    batch.push(record)
    bytes += record.json.length + 1
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}

/**
 * Spreads the records over `count` lanes by their keys, so that the records of a key follow each other in one
 * lane.
 */
export function lanesOf<T extends { readonly key: Buffer | null }>(
  records: readonly T[],
  count: number,
): T[][] {
  if (count === 1) return [[...records]]
  const lanes: T[][] = Array.from({ length: count }, () => [])
  for (const record of records)
    lanes[record.key === null ? 0 : (murmur2(record.key) & 0x7fffffff) % count].push(record)
  return lanes.filter((lane) => lane.length > 0)
}
