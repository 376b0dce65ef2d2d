/** PutRecord and PutRecords: into the shard of the hash key, answered when stored on all in-sync replicas. */
import { AwsError, type AwsContext, type AwsOperations } from '@weir/aws'
import { KafkaError, type Delivery } from '@weir/kafka'
import { stage, traceOf, formatTraceparent } from '@weir/service'
import { parseHashKey, parseSequenceNumber, type Serving, type Shard } from '@weir/streams'
import { RecordHeaders } from '../../../intake/record-headers.ts'
import { streamFor, type Kinesis } from '../kinesis.ts'
import { invalidArgument, unavailable, type StreamReference } from '../names.ts'

/** Of one PutRecords request, keys included (API reference). */
const MOST_REQUEST_BYTES = 10 << 20
const MOST_KEY_BYTES = 256 * 3
/** How long a request waits while the shard of one of its records is being closed: longer than it takes where a replica has died (ms). */
const RESHARDING_MS = 10_000
/** How long a request waits for the brokers (ms); what is not known to be stored then has failed. */
const SETTLE_MS = 10_000

interface Entry {
  readonly Data: Buffer
  readonly PartitionKey: string
  readonly ExplicitHashKey?: string
}

type PutRecord = StreamReference & Entry & { SequenceNumberForOrdering?: string, DryRun?: boolean }
type PutRecords = StreamReference & { Records: readonly Entry[], DryRun?: boolean }

/** What became of a record: where it stands, or why it does not. */
type Fate = { readonly shard: Shard, readonly offset: number } | 'throttled' | 'failed'

/** Shared by all requests: a key is written and appended without yielding in between. */
const keys = Buffer.allocUnsafeSlow(MOST_KEY_BYTES)

export function recordOperations(kinesis: Kinesis): AwsOperations {
  const { streams, producer, names, throttle } = kinesis
  const counts = stage('ingest-hub.kinesis')

  /** Resolves when every record is stored or has failed. Rejects where nothing can be taken at all. */
  async function put(context: AwsContext, reference: StreamReference, entries: readonly Entry[]): Promise<{ serving: Serving, fates: Fate[], routes: Int32Array }> {
    const started = performance.now()
    const { serving, routes } = await route(context, reference, entries)
    const { stream: { name, topic, mode }, routing: { shards } } = serving
    const headers = new RecordHeaders(context.client.name, formatTraceparent(traceOf(context.request)))
    const delivery = producer.delivery()
    const throttled = mode === 'PROVISIONED' ? throttle : undefined
    const fates: Fate[] = new Array(entries.length).fill('failed')
    /** By record, its shard where it was appended, else -1. */
    const appended = new Int32Array(entries.length).fill(-1)
    let halted = false
    serving.enter()
    try {
      for (let i = 0; i < entries.length; i++) {
        const { Data, PartitionKey } = entries[i]
        const shard = shards[routes[i]]
        const keyEnd = keys.write(PartitionKey)
        if (halted || throttled?.take(name, shard.id, Data.length + keyEnd) === false) {
          fates[i] = 'throttled'
          continue
        }
        try {
          const headersEnd = headers.write(`${context.requestId}-${i}`)
          delivery.append(topic, shard.partition, keys, 0, keyEnd, Data, 0, Data.length, headers.block, 0, headersEnd)
          appended[i] = routes[i]
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error
          // What comes later must not overtake it.
          halted = true
          fates[i] = error.code === 'buffer-full' ? 'throttled' : 'failed'
        }
      }
      await settle(context, delivery, name)
      note(delivery, appended, shards, fates)
    } finally {
      serving.leave()
    }
    let stored = 0
    for (const fate of fates) if (typeof fate === 'object') stored++
    counts.done(stored)
    counts.failed(fates.length - stored)
    counts.latency(performance.now() - started, stored)
    return { serving, fates, routes }
  }

  async function settle({ request }: AwsContext, delivery: Delivery, stream: string): Promise<void> {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(late.resolve, SETTLE_MS, undefined)
    const failures = await Promise.race([delivery.settled(), late.promise])
    clearTimeout(timer)
    if (failures === undefined) request.log.warn({ stream }, 'the brokers have not answered in time')
    else if (failures.length > 0) request.log.warn({ stream, err: failures[0].error }, 'records were not stored')
  }

  /** Without the lease a shard may have been closed below what was just stored there: then nobody would read it. */
  function note(delivery: Delivery, appended: Int32Array, shards: readonly Shard[], fates: Fate[]): void {
    if (!streams.leased) return
    const offsets = new Map<number, Float64Array>()
    for (const { partition, fromIndex, count, offset } of delivery.stored()) {
      let ofPartition = offsets.get(partition)
      if (ofPartition === undefined) offsets.set(partition, ofPartition = new Float64Array(appended.length).fill(-1))
      for (let i = 0; i < count; i++) ofPartition[fromIndex + i] = offset < 0 ? -1 : offset + i
    }
    const nth = new Int32Array(shards.length)
    for (let i = 0; i < appended.length; i++) {
      if (appended[i] < 0) continue
      const shard = shards[appended[i]]
      const offset = offsets.get(shard.partition)?.[nth[appended[i]]++] ?? -1
      if (offset >= 0) fates[i] = { shard, offset }
    }
  }

  /** The shard of each record. While one of them is being closed, the request waits for its children. */
  async function route(context: AwsContext, reference: StreamReference, entries: readonly Entry[]): Promise<{ serving: Serving, routes: Int32Array }> {
    const routes = new Int32Array(entries.length)
    const deadline = performance.now() + RESHARDING_MS
    for (;;) {
      const serving = streamFor(kinesis, context, reference)
      const { stream: { name, status, maxRecordKiB }, routing: { ofKey, ofHashKey, closing } } = serving
      if (status === 'CREATING' || status === 'DELETING') throw names.notFound(name)
      if (!streams.leased) throw unavailable()
      let waits = false
      for (let i = 0; i < entries.length; i++) {
        const { Data, PartitionKey, ExplicitHashKey } = entries[i]
        if (Data.length > maxRecordKiB * 1024) {
          throw invalidArgument(`The record is larger than the ${maxRecordKiB} KiB that stream ${name} takes; UpdateMaxRecordSize sets up to 10240.`)
        }
        routes[i] = ExplicitHashKey === undefined ? ofKey(PartitionKey) : ofHashKey(hashKeyOf(ExplicitHashKey))
        if (closing[routes[i]]) waits = true
      }
      if (!waits) return { serving, routes }
      const left = deadline - performance.now()
      if (left <= 0) throw new AwsError('InternalFailure', `Stream ${name} is being resharded; send the request again.`, 500)
      await Promise.race([serving.changed, new Promise((resolve) => setTimeout(resolve, left).unref())])
    }
  }

  return {
    async PutRecord(input: PutRecord, context) {
      const ordering = input.SequenceNumberForOrdering
      if (ordering !== undefined) {
        const { stream } = streamFor(kinesis, context, input)
        const position = parseSequenceNumber(ordering)
        if (position === undefined || position.generation < 1 || position.generation > stream.generation) {
          throw invalidArgument(`ExclusiveMinimumSequenceNumber ${ordering} used in PutRecord on stream ${stream.name} under account ${names.account.accountId} is invalid.`)
        }
      }
      if (input.DryRun === true) return dryRun(kinesis, context, input)
      const { serving, fates: [fate], routes } = await put(context, input, [input])
      if (fate === 'throttled') throw throughputExceeded(serving, routes[0], names.account.accountId)
      if (fate === 'failed') throw new AwsError('InternalFailure', 'The record is not known to be stored; send it again.', 500)
      return { ShardId: fate.shard.id, SequenceNumber: serving.sequenceNumber(fate.shard, fate.offset), EncryptionType: encryptionOf(serving) }
    },

    async PutRecords(input: PutRecords, context) {
      let bytes = 0
      for (const { Data, PartitionKey } of input.Records) bytes += Data.length + PartitionKey.length
      if (bytes > MOST_REQUEST_BYTES) throw invalidArgument(`Records size exceeds 10 MB limit: the request has ${bytes} bytes.`)
      if (input.DryRun === true) return dryRun(kinesis, context, input)
      const { serving, fates, routes } = await put(context, input, input.Records)
      let failed = 0
      const Records = fates.map((fate, i) => {
        if (typeof fate === 'object') return { SequenceNumber: serving.sequenceNumber(fate.shard, fate.offset), ShardId: fate.shard.id }
        failed++
        if (fate === 'failed') return { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' }
        const { code, message } = throughputExceeded(serving, routes[i], names.account.accountId)
        return { ErrorCode: code, ErrorMessage: message }
      })
      return { FailedRecordCount: failed, Records, EncryptionType: encryptionOf(serving) }
    },
  }
}

function hashKeyOf(text: string): bigint {
  const key = parseHashKey(text)
  if (key === undefined) throw invalidArgument(`Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${text}`)
  return key
}

function throughputExceeded({ stream: { name }, routing: { shards } }: Serving, index: number, accountId: string): AwsError {
  return new AwsError('ProvisionedThroughputExceededException', `Rate exceeded for shard ${shards[index].id} in stream ${name} under account ${accountId}.`)
}

function encryptionOf({ stream: { encryptionKey } }: Serving): 'KMS' | undefined {
  return encryptionKey === null ? undefined : 'KMS'
}

/** Says that the request would have been taken, without taking it (service model, DryRunOperationException). */
export function dryRun(kinesis: Kinesis, context: AwsContext, reference: StreamReference): never {
  streamFor(kinesis, context, reference)
  throw new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun flag is set.')
}
