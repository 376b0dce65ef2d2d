/** The records of a partition that go into the same objects are a part of it. The processing of records decides which. */
import { HEADERS } from '@weir/contracts/headers.ts'
import type { ProcessingFailure } from '@weir/deliveries'
import { headerOf, type RecordBatch } from '@weir/kafka'

/** `''` for most records, `failed:TYPE` for those that could not be processed. */
export type Part = string

/** Says of which part a record is: of the same one whenever it is read. */
export type PartOf = (batch: RecordBatch, i: number) => Part

const FAILED = 'failed:'
const OUTPUT_TYPES: readonly string[] = [
  'processing-failed',
  'decompression-failed',
] satisfies ProcessingFailure['outputType'][]

/** Returns the type of the error if the part has failed records. */
export const failureOf = (part: Part): string | undefined =>
  part.startsWith(FAILED) ? part.slice(FAILED.length) : undefined

/** For records as they come from their source. */
export const onePart: PartOf = () => ''

/** For processed records. */
export const processedPart: PartOf = (batch, i) => {
  const failure = failureIn(batch, i)
  return failure === undefined ? '' : FAILED + failure.outputType
}

/** Returns why the record could not be processed; undefined if it could. */
export function failureIn(batch: RecordBatch, i: number): ProcessingFailure | undefined {
  const text = headerOf(batch, i, HEADERS.failure)?.toString()
  if (text === undefined) return undefined
  const failure = JSON.parse(text) as ProcessingFailure
  if (OUTPUT_TYPES.includes(failure.outputType)) return failure
  throw new Error(`The header ${HEADERS.failure} of offset ${batch.offsets[i]} is not one of Weir.`)
}
