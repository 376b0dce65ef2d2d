/** A part of a partition: the records that go into the same objects. Their processing decides about it. */
import { HEADERS } from '@weir/contracts/headers.ts'
import type { ProcessingFailure } from '@weir/deliveries'
import { headerOf, type RecordBatch } from '@weir/kafka'
import { map, read, text } from '@weir/topics/shape.ts'

/** `''` for most records, `failed:TYPE` for failed ones, `keys:JSON` for those with partition keys. */
export type Part = string

/** Says of which part a record is: of the same one whenever it is read. */
export type PartOf = (batch: RecordBatch, i: number) => Part

const FAILED = 'failed:'
const KEYS = 'keys:'
const OUTPUT_TYPES: readonly string[] = [
  'processing-failed',
  'decompression-failed',
] satisfies ProcessingFailure['outputType'][]

/** Returns the type of the error if the part has failed records. */
export const failureOf = (part: Part): string | undefined =>
  part.startsWith(FAILED) ? part.slice(FAILED.length) : undefined

const partitionKeys = map(text({ max: 1024 }), text({ max: 1024 }), { max: 50 })

/** Returns the partition keys of the part's records. Throws if they cannot be ones. */
export const keysOf = (part: Part): Readonly<Record<string, string>> | undefined =>
  part.startsWith(KEYS) ? read(partitionKeys, JSON.parse(part.slice(KEYS.length)), 'ignored') : undefined

/** Puts all records into one part: those that come from their source as they are. */
export const onePart: PartOf = () => ''

/** Finds the parts of processed records. They have partition keys if the delivery stream is partitioned. */
export const processedPart: PartOf = (batch, i) => {
  const failure = failureIn(batch, i)
  if (failure !== undefined) return FAILED + failure.outputType
  const keys = headerOf(batch, i, HEADERS.partitionKeys)
  return keys === undefined ? '' : KEYS + keys.toString()
}

/** Returns why the record could not be processed; undefined if it could. */
export function failureIn(batch: RecordBatch, i: number): ProcessingFailure | undefined {
  const found = headerOf(batch, i, HEADERS.failure)?.toString()
  if (found === undefined) return undefined
  const failure = JSON.parse(found) as ProcessingFailure
  if (OUTPUT_TYPES.includes(failure.outputType)) return failure
  throw new Error(`The header ${HEADERS.failure} of offset ${batch.offsets[i]} is not one of Weir.`)
}
