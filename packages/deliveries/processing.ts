/** The processing of records before they are delivered, and the form in which failed records are kept. */
import { flag, integer, nullable, number, object, oneOf, type ShapedBy, text } from '@weir/topics/shape.ts'

/** The beginning of the names of the topics that have processed records. */
export const PROCESSED_PREFIX = 'delivery-processed.'

/** The bounds and defaults of AWS (API reference, ProcessorParameter; developer guide, "Transform source data"). */
export const LAMBDA_SIZE_MIB = { min: 0.2, max: 3, normal: 1 }
export const LAMBDA_INTERVAL_SECONDS = { min: 0, max: 900, normal: 60 }
export const LAMBDA_RETRIES = { min: 0, max: 300, normal: 3 }

const arn = text({ max: 512, pattern: /^arn:/, like: 'an ARN' })

export const processing = object({
  /** First, each record is inflated. */
  decompression: nullable(oneOf('GZIP')),
  /** Then it is replaced by the messages of the log events in it. */
  messageExtraction: flag,
  /** Then it is cut into records. The delimiter is base64; empty for JSON. */
  deaggregation: nullable(
    object({ type: oneOf('JSON', 'DELIMITED'), delimiter: text({ min: 0, max: 1024 }) }),
  ),
  /** Then a function gets these. */
  lambda: nullable(
    object({
      arn,
      roleArn: nullable(arn),
      retries: integer(LAMBDA_RETRIES),
      sizeMiB: number(LAMBDA_SIZE_MIB),
      intervalSeconds: integer(LAMBDA_INTERVAL_SECONDS),
    }),
  ),
})
export type Processing = ShapedBy<typeof processing>

/** Records are copied as they are. */
export const NO_PROCESSING: Processing = {
  decompression: null,
  messageExtraction: false,
  deaggregation: null,
  lambda: null,
}

/** Why a record could not be processed: the JSON in the header weir-failure. Its value is the record as it came. */
export interface ProcessingFailure {
  /** The first folder of the object that gets it. */
  readonly outputType: 'processing-failed' | 'decompression-failed'
  readonly attemptsMade: number
  /** Ms since the epoch. */
  readonly arrivalTimestamp: number
  readonly attemptEndingTimestamp: number
  readonly errorCode: string
  readonly errorMessage: string
  /** Undefined if no function was to blame. */
  readonly lambdaArn?: string
}
