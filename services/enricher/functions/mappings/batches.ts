/** Cuts the records of a slice into stripes, which may run in parallel, and these into batches. */
import { murmur2 } from '@weir/kafka'
import type { EventRecord } from './delivery.ts'
import { MAX_PAYLOAD_BYTES } from './settings.ts'

/** Bytes of an event besides its records. */
const ENVELOPE_BYTES = 1024

/** Cuts the records into batches of at most `size`, each within the payload's limit. */
export function batchesOf<T extends EventRecord>(records: readonly T[], size: number): T[][] {
  const batches: T[][] = []
  let batch: T[] = []
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
 * Spreads the records over `count` stripes by their keys, so that the records of a key follow each other in
 * one stripe.
 */
export function stripesOf<T extends { readonly key: Buffer | null }>(
  records: readonly T[],
  count: number,
): T[][] {
  if (count === 1) return [[...records]]
  const stripes: T[][] = Array.from({ length: count }, () => [])
  for (const record of records)
    stripes[record.key === null ? 0 : (murmur2(record.key) & 0x7fffffff) % count].push(record)
  return stripes.filter((stripe) => stripe.length > 0)
}
