/** The records of a partition that go into the same objects are a part of it. The processing of records decides which. */
import { headerOf, type RecordBatch } from '@weir/kafka'
import { map, read, text } from '@weir/topics/shape.ts'

/** `''` for most records, `failed:TYPE` for those that could not be processed, `keys:JSON` for those with partition keys. */
export type Part = string

/** The header that has the part of a record. */
export const PART_HEADER = 'weir-part'
const FAILED = 'failed:'
const KEYS = 'keys:'

export const failedPart = (errorType: string): Part => FAILED + errorType
/** The same keys must come in the same order. */
export const partWithKeys = (keys: Readonly<Record<string, string>>): Part => KEYS + JSON.stringify(keys)

/** Returns the type of the error if the part has failed records. */
export const failureOf = (part: Part): string | undefined =>
  part.startsWith(FAILED) ? part.slice(FAILED.length) : undefined

const partitionKeys = map(text({ max: 256 }), text({ max: 1024 }), { max: 50 })

/** Returns the partition keys of the part's records. Throws if they cannot be ones. */
export const keysOf = (part: Part): Readonly<Record<string, string>> | undefined =>
  part.startsWith(KEYS) ? read(partitionKeys, JSON.parse(part.slice(KEYS.length)), 'ignored') : undefined

export const partOf = (batch: RecordBatch, i: number): Part =>
  headerOf(batch, i, PART_HEADER)?.toString() ?? ''
