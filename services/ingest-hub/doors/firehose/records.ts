/**
 * PutRecord and PutRecordBatch: write to the topic of the delivery stream, and answer once the records are
 * stored on all in-sync replicas.
 */
import type { AwsContext, AwsOperations } from '@weir/aws'
import type { DeliveryStream } from '@weir/deliveries'
import { DIRECT_PARTITIONS } from '@weir/deliveries'
import { type Delivery, KafkaError } from '@weir/kafka'
import { formatTraceparent, leaseOf, stage, traceOf } from '@weir/service'
import { within } from '@weir/timing'
import { RecordHeaders } from '../../intake/record-headers.ts'
import { invocationOf } from '../invocation.ts'
import { type Firehose, invalidArgument, notFound, streamFor, unavailable } from './firehose.ts'
import { PartitionChoice } from './partition-choice.ts'

/** Bytes of one PutRecordBatch request (API reference). */
const MAX_REQUEST_BYTES = 4 << 20
/** How long the brokers may take (ms). A record that is not known to be stored by then has failed. */
const SETTLE_MS = 10_000
const FAILED = { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Service is unavailable.' }

interface Entry {
  readonly Data: Buffer
}

/** A request whose records are on their way. It does not hold their data. */
interface Appended {
  readonly stream: DeliveryStream
  readonly delivery: Delivery
  readonly count: number
  /** Why the last ones of them were not appended. */
  readonly refusal: KafkaError | undefined
  /** The beginning of ids for records whose offsets the brokers do not know any more. */
  readonly request: string
  readonly started: number
}

interface Put {
  readonly stream: DeliveryStream
  /** The ids of the records; undefined for one that is not stored. */
  readonly ids: readonly (string | undefined)[]
}

export function recordOperations(firehose: Firehose): AwsOperations {
  const counts = stage('ingest-hub.firehose')
  /** Begins anew when a delivery stream is changed. */
  const choices = new WeakMap<DeliveryStream, PartitionChoice>()

  function partitionFor(stream: DeliveryStream, bytes: number): number {
    let choice = choices.get(stream)
    if (choice === undefined) {
      const first = Number.parseInt(stream.id.slice(-8), 16) % DIRECT_PARTITIONS
      choices.set(stream, (choice = new PartitionChoice(DIRECT_PARTITIONS, first)))
    }
    return choice.take(bytes)
  }

  function put(context: AwsContext, name: string, records: readonly Entry[], bytes: number): Promise<Put> {
    return settle(append(context, name, records, bytes), context)
  }

  function append(context: AwsContext, name: string, records: readonly Entry[], bytes: number): Appended {
    const started = performance.now()
    const stream = streamFor(firehose, context, name)
    if (stream.status !== 'ACTIVE') throw notFound(firehose, name)
    if (stream.type !== 'DirectPut')
      throw invalidArgument(`This operation is not permitted on ${stream.type} delivery stream type.`)
    if (!firehose.connected())
      throw unavailable('No broker answers, so records cannot be stored now; send the request again.')
    const { topic } = stream
    const partition = partitionFor(stream, bytes)
    const headers = new RecordHeaders(context.client.name, formatTraceparent(traceOf(context.request)))
    const request = invocationOf(context)
    const delivery = firehose.producer.delivery()
    let refusal: KafkaError | undefined
    try {
      for (let i = 0; i < records.length; i++) {
        const { Data: data } = records[i]
        const end = headers.writeNumbered(request, i)
        delivery.append(topic, partition, null, 0, 0, data, 0, data.length, headers.block, 0, end)
      }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      // Later records must not overtake this one.
      refusal = error
    }
    // The appended records now count towards the producer's memory.
    leaseOf(context.request).cover(0)
    return { stream, delivery, count: records.length, refusal, request, started }
  }

  /**
   * A separate method that does not hold the records: while it waits, each young-generation collection would
   * copy them.
   */
  async function settle(appended: Appended, context: AwsContext): Promise<Put> {
    const { stream, delivery, count, refusal, started } = appended
    const failures = await within(SETTLE_MS, delivery.settled(), () => [
      { error: new KafkaError('timeout', `Writing to ${stream.topic}`) },
    ])
    const error = failures[0]?.error ?? refusal
    if (error !== undefined)
      context.request.log.warn({ deliveryStream: stream.name, err: error }, 'records were not stored')
    const { ids, stored } = idsOf(appended)
    counts.done(stored)
    counts.failed(count - stored)
    counts.latency(performance.now() - started, stored)
    return { stream, ids }
  }

  return {
    async PutRecord(input: { DeliveryStreamName: string; Record: Entry }, context: AwsContext) {
      const { DeliveryStreamName: name, Record: record } = input
      const { stream, ids } = await put(context, name, [record], record.Data.length)
      const [id] = ids
      if (id === undefined) throw unavailable('It is unknown whether the record was stored; send it again.')
      return { RecordId: id, Encrypted: stream.encryption !== null }
    },

    PutRecordBatch(
      {
        DeliveryStreamName: name,
        Records: records,
      }: { DeliveryStreamName: string; Records: readonly Entry[] },
      context: AwsContext,
    ) {
      let bytes = 0
      for (const { Data } of records) bytes += Data.length
      if (bytes > MAX_REQUEST_BYTES)
        throw invalidArgument(`Records size exceeds 4 MB limit: the request has ${bytes} bytes.`)
      return put(context, name, records, bytes).then(resultsOf)
    },
  }
}

/** The ids of stored records: of the delivery stream, the partition and the offset. */
function idsOf({ stream, delivery, count, request }: Appended): { ids: Put['ids']; stored: number } {
  const ids: (string | undefined)[] = new Array(count).fill(undefined)
  let stored = 0
  for (const { partition, fromIndex, count: length, offset } of delivery.stored()) {
    stored += length
    const start = stream.id + partition.toString(16).padStart(4, '0')
    for (let i = 0; i < length; i++)
      ids[fromIndex + i] = offset < 0 ? `${stream.id}${request}-${fromIndex + i}` : start + hexOf(offset + i)
  }
  return { ids, stored }
}

/** Offsets are numbers below 2^53. */
const hexOf = (offset: number): string => offset.toString(16).padStart(14, '0')

function resultsOf({ stream, ids }: Put): object {
  let failed = 0
  const RequestResponses = ids.map((id) => {
    if (id !== undefined) return { RecordId: id }
    failed++
    return FAILED
  })
  return { FailedPutCount: failed, Encrypted: stream.encryption !== null, RequestResponses }
}
