/** The records of a source as they are processed: inflated, and cut into those that are in them. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Processing, ProcessingFailure } from '@weir/deliveries'
import { keyOf, type RecordBatch, valueOf } from '@weir/kafka'
import type { Streams } from '@weir/streams'
import { pause } from '@weir/timing'
import { userRecords } from '../functions/mappings/sources/kinesis-records.ts'
import { delimited, jsonObjects, logMessages, Malformed } from './sub-records.ts'

/** A record for the function. */
export interface Input {
  /** Unique in its delivery stream. */
  readonly id: string
  readonly data: Buffer
  /** Ms since the epoch. */
  readonly arrivedAt: number
  /** The kinesisRecordMetadata of a record of a stream. */
  readonly kinesis?: object
}

/** Why a record cannot be processed. */
export type Reason = Pick<ProcessingFailure, 'outputType' | 'errorCode' | 'errorMessage'>

export interface Unprocessable extends Input {
  readonly reason: Reason
}

/** The most bytes of a record after it is inflated. */
const MAX_INFLATED_BYTES = 6 << 20
/** How long the shard of a record may be unknown here, and how often it is looked for (ms). */
const SHARD_WAIT_MS = 5000
const SHARD_LOOK_MS = 50
const EMPTY = Buffer.alloc(0)
const inflate = promisify(gunzip)

/** Returns the records of a Kinesis stream, or those that were put directly if it is undefined. */
export async function sourceRecords(
  batch: RecordBatch,
  i: number,
  stream: string | undefined,
  streams: Pick<Streams, 'get'>,
  signal: AbortSignal,
): Promise<Input[]> {
  const arrivedAt = batch.timestamps[i]
  const offset = batch.offsets[i]
  const data = valueOf(batch, i) ?? EMPTY
  const id = `${batch.partition}-${offset}`
  if (stream === undefined) return [{ id, data, arrivedAt }]
  const shard = await shardOf(streams, stream, batch.partition, offset, signal)
  const sequenceNumber = shard?.serving.numbersOf(shard.shard).at(offset, arrivedAt)
  const records = userRecords(data)
  const all = records ?? [{ partitionKey: keyOf(batch, i)?.toString() || '-', data }]
  return all.map((record, index) => ({
    id: records === undefined ? id : `${id}-${index}`,
    data: record.data,
    arrivedAt,
    kinesis: shard && {
      shardId: shard.shard.id,
      partitionKey: record.partitionKey,
      approximateArrivalTimestamp: arrivedAt,
      sequenceNumber,
      subsequenceNumber: records === undefined ? '' : String(index),
    },
  }))
}

/**
 * A replica may learn of a new shard a moment after it reads the first record. Undefined for a record that was written
 * after the end of its shard.
 */
async function shardOf(
  streams: Pick<Streams, 'get'>,
  name: string,
  partition: number,
  offset: number,
  signal: AbortSignal,
) {
  const deadline = performance.now() + SHARD_WAIT_MS
  for (;;) {
    const serving = streams.get(name)
    const shard = serving?.stream.shards.find(
      (one) => one.partition === partition && one.from <= offset && (one.to === null || offset < one.to),
    )
    if (serving !== undefined && shard !== undefined) return { serving, shard }
    if (serving === undefined || performance.now() > deadline) return undefined
    await pause(SHARD_LOOK_MS, signal)
    signal.throwIfAborted()
  }
}

/** Returns the records in a record, as the processors before the function make them. */
export async function expanded(
  input: Input,
  { decompression, messageExtraction, deaggregation }: Processing,
): Promise<(Input | Unprocessable)[]> {
  let { data } = input
  if (decompression !== null) {
    try {
      data = await inflate(data, { maxOutputLength: MAX_INFLATED_BYTES })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const errorMessage =
        code === 'ERR_BUFFER_TOO_LARGE'
          ? `The record has more than ${MAX_INFLATED_BYTES} bytes when it is inflated.`
          : `The record is not valid GZIP (${message}).`
      return [
        {
          ...input,
          reason: { outputType: 'decompression-failed', errorCode: 'Decompression.Failed', errorMessage },
        },
      ]
    }
  }
  try {
    let pieces = messageExtraction ? logMessages(data) : [data]
    if (deaggregation !== null) {
      const delimiter = Buffer.from(deaggregation.delimiter, 'base64')
      pieces = pieces.flatMap((piece) =>
        deaggregation.type === 'JSON' ? jsonObjects(piece) : delimited(piece, delimiter),
      )
    }
    if (pieces.length === 1) return [{ ...input, data: pieces[0] }]
    return pieces.map((piece, i) => ({ ...input, id: `${input.id}-${i}`, data: piece }))
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    const errorCode = messageExtraction ? 'CloudWatchLogProcessing.Failed' : 'RecordDeAggregation.Failed'
    return [{ ...input, reason: { outputType: 'processing-failed', errorCode, errorMessage: error.message } }]
  }
}
