/**
 * PutRecord and PutRecords: write to the shard of the hash key, and answer once the records are stored on all
 * in-sync replicas.
 */
import { type AwsContext, AwsError, type AwsOperations, validationError } from '@weir/aws'
import { formatTraceparent, leaseOf, stage, traceOf } from '@weir/service'
import { PutError, type PutResult, parseHashKey, parseSequenceNumber, type Serving } from '@weir/streams'
import { RecordHeaders } from '../../../intake/record-headers.ts'
import { invocationOf } from '../../invocation.ts'
import { type Kinesis, streamFor } from '../kinesis.ts'
import { invalidArgument, type StreamReference, unavailable } from '../names.ts'

/** Bytes of one PutRecords request, including keys (API reference). */
const MAX_REQUEST_BYTES = 10 << 20
/**
 * UTF-8 takes at most this many bytes for a UTF-16 code unit. A record that is small enough by this bound
 * needs no exact count.
 */
const MAX_UNIT_BYTES = 3
/** AWS reports at most this many problems at once. */
const MAX_PROBLEMS = 10
/**
 * A shard's second of creation is later than its parents', so after many reshardings in a row it may be ahead
 * of the clock.
 */
const AHEAD_SECONDS = 60

interface Entry {
  readonly Data: Buffer
  readonly PartitionKey: string
  readonly ExplicitHashKey?: string
}

type PutRecord = StreamReference & Entry & { SequenceNumberForOrdering?: string; DryRun?: boolean }
type PutRecords = StreamReference & { Records: readonly Entry[]; DryRun?: boolean }

export function recordOperations(kinesis: Kinesis): AwsOperations {
  const { names, writer } = kinesis
  const counts = stage('ingest-hub.kinesis')

  /**
   * Resolves when every record is stored or has failed. Throws or rejects if no record can be accepted at
   * all. Does not retain the records while it waits.
   */
  function put(
    context: AwsContext,
    reference: StreamReference,
    records: readonly Entry[],
  ): Promise<PutResult> {
    const started = performance.now()
    const {
      stream: { name, maxRecordKiB },
    } = streamFor(kinesis, context, reference)
    const maxBytes = maxRecordKiB * 1024
    let largest = 0
    const entries = records.map(({ Data, PartitionKey, ExplicitHashKey }) => {
      largest = Math.max(largest, Data.length + MAX_UNIT_BYTES * PartitionKey.length)
      return {
        data: Data,
        key: PartitionKey,
        hashKey: ExplicitHashKey === undefined ? undefined : hashKeyOf(ExplicitHashKey),
      }
    })
    if (largest > maxBytes) requireSizes(records, maxBytes, context.operation)
    const headers = new RecordHeaders(context.client.name, formatTraceparent(traceOf(context.request)))
    const request = invocationOf(context)
    const written = writer.put(name, entries, {
      block: headers.block,
      end: (i) => headers.writeNumbered(request, i),
    })
    // The appended records now count towards the producer's memory.
    leaseOf(context.request).cover(0)
    return counted(context, name, started, written)
  }

  async function counted(
    context: AwsContext,
    name: string,
    started: number,
    written: Promise<PutResult>,
  ): Promise<PutResult> {
    const result = await written.catch((error: unknown) => {
      throw error instanceof PutError ? refusalOf(error, name) : error
    })
    if (result.error !== undefined)
      context.request.log.warn({ stream: name, err: result.error }, 'records were not stored')
    let stored = 0
    for (const fate of result.fates) if (typeof fate === 'object') stored++
    counts.done(stored)
    counts.failed(result.fates.length - stored)
    counts.latency(performance.now() - started, stored)
    return result
  }

  function refusalOf({ code, message }: PutError, name: string): AwsError {
    if (code === 'no-stream') return names.notFound(name)
    return code === 'unavailable' ? unavailable() : new AwsError('InternalFailure', message, 500)
  }

  return {
    async PutRecord(input: PutRecord, context) {
      const ordering = input.SequenceNumberForOrdering
      if (ordering !== undefined) {
        const { stream } = streamFor(kinesis, context, input)
        const position = parseSequenceNumber(ordering)
        if (
          position === undefined ||
          Math.max(position.arrivedSecond, position.createdSecond - AHEAD_SECONDS) * 1000 > Date.now()
        ) {
          throw invalidArgument(
            `ExclusiveMinimumSequenceNumber ${ordering} used in PutRecord on stream ${stream.name} under account ${names.account.accountId} is invalid.`,
          )
        }
      }
      if (input.DryRun === true) return dryRun(kinesis, context, input)
      const {
        serving,
        fates: [fate],
        routes,
      } = await put(context, input, [input])
      if (fate === 'throttled') throw throughputExceeded(serving, routes[0], names.account.accountId)
      if (fate === 'failed')
        throw new AwsError(
          'InternalFailure',
          'It is unknown whether the record was stored; send it again.',
          500,
        )
      return {
        ShardId: fate.shard.id,
        SequenceNumber: serving.numbersOf(fate.shard).at(fate.offset, fate.time),
        EncryptionType: encryptionOf(serving),
      }
    },

    PutRecords(input: PutRecords, context) {
      let bytes = 0
      for (const { Data, PartitionKey } of input.Records)
        bytes += Data.length + MAX_UNIT_BYTES * PartitionKey.length
      if (bytes > MAX_REQUEST_BYTES) bytes = input.Records.reduce((sum, record) => sum + sizeOf(record), 0)
      if (bytes > MAX_REQUEST_BYTES)
        throw invalidArgument(`Records size exceeds 10 MB limit: the request has ${bytes} bytes.`)
      if (input.DryRun === true) return dryRun(kinesis, context, input)
      return put(context, input, input.Records).then(resultsOf)
    },
  }

  function resultsOf({ serving, fates, routes }: PutResult): object {
    let failed = 0
    const Records = fates.map((fate, i) => {
      if (typeof fate === 'object')
        return {
          SequenceNumber: serving.numbersOf(fate.shard).at(fate.offset, fate.time),
          ShardId: fate.shard.id,
        }
      failed++
      if (fate === 'failed')
        return { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' }
      const { code, message } = throughputExceeded(serving, routes[i], names.account.accountId)
      return { ErrorCode: code, ErrorMessage: message }
    })
    return { FailedRecordCount: failed, Records, EncryptionType: encryptionOf(serving) }
  }
}

/** The size that AWS counts against every limit: data and partition key, in bytes. */
function sizeOf({ Data, PartitionKey }: Entry): number {
  return Data.length + Buffer.byteLength(PartitionKey)
}

/**
 * Throws ValidationException for records larger than the stream's limit. AWS's message names the data, even
 * if the key is too long.
 */
function requireSizes(records: readonly Entry[], maxBytes: number, operation: string): void {
  const problems: string[] = []
  for (let i = 0; i < records.length && problems.length < MAX_PROBLEMS; i++) {
    if (sizeOf(records[i]) <= maxBytes) continue
    const path = operation === 'PutRecord' ? 'data' : `records.${i + 1}.member.data`
    const text = `Member must have length less than or equal to ${maxBytes}`
    problems.push(`Value at '${path}' failed to satisfy constraint: ${text}`)
  }
  if (problems.length > 0) throw validationError(problems)
}

function hashKeyOf(text: string): bigint {
  const key = parseHashKey(text)
  if (key === undefined)
    throw invalidArgument(
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${text}`,
    )
  return key
}

function throughputExceeded(
  { stream: { name }, routing: { shards } }: Serving,
  index: number,
  accountId: string,
): AwsError {
  return new AwsError(
    'ProvisionedThroughputExceededException',
    `Rate exceeded for shard ${shards[index].id} in stream ${name} under account ${accountId}.`,
  )
}

function encryptionOf({ stream: { encryptionKey } }: Serving): 'KMS' | undefined {
  return encryptionKey === null ? undefined : 'KMS'
}

/**
 * Reports that the request would have been accepted, without executing it (service model,
 * DryRunOperationException).
 */
export function dryRun(kinesis: Kinesis, context: AwsContext, reference: StreamReference): never {
  streamFor(kinesis, context, reference)
  throw new AwsError(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun flag is set.',
  )
}
