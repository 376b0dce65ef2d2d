/**
 * One partition of a delivery stream's source. The function's answers are stored in the transaction that moves the
 * source's offset, since it may answer something else when it is asked again.
 */
import { type Account, deliveryStreamArn, streamArn } from '@weir/aws'
import { HEADERS } from '@weir/contracts/headers.ts'
import {
  type DeliveryStream,
  deliveredTopic,
  NO_PROCESSING,
  type ProcessingFailure,
  streamOf,
} from '@weir/deliveries'
import { type Appender, appendRecord, type RecordBatch, type Task } from '@weir/kafka'
import type { Stage } from '@weir/service'
import type { Streams } from '@weir/streams'
import type { Functions } from '../functions/functions.ts'
import { expanded, type Input, sourceRecords, type Unprocessable } from './inputs.ts'
import { PartitionKeys } from './partition-keys.ts'
import {
  type Failed,
  type Fate,
  type Lambda,
  MAX_RECORDS_BYTES,
  recordText,
  TOO_LARGE,
  transform,
} from './transformation.ts'

export interface ProcessingTaskOptions {
  readonly partition: number
  /** The partitions of the topic of processed records. */
  readonly partitions: number
  /** Returns the delivery stream as it is now. Its source and its id do not change. */
  stream(): DeliveryStream
  readonly account: Account
  readonly functions: Pick<Functions, 'invoke'>
  readonly streams: Pick<Streams, 'get'>
  readonly counts: Stage
}

const MIB = 1 << 20
/** The most bytes of a record: less than max.message.bytes of the topic. */
const MAX_VALUE_BYTES = 11 * MIB

/** Records that wait for an invocation together, in their order. */
interface Group {
  readonly entries: (Input | Unprocessable)[]
  readonly texts: string[]
  dataBytes: number
  textBytes: number
}

const newGroup = (): Group => ({ entries: [], texts: [], dataBytes: 0, textBytes: 0 })

export class ProcessingTask implements Task {
  readonly #options: ProcessingTaskOptions
  readonly #partitionKeys = new PartitionKeys()

  constructor(options: ProcessingTaskOptions) {
    this.#options = options
  }

  async process(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> {
    const { streams, counts } = this.#options
    const stream = this.#options.stream()
    const { processing = NO_PROCESSING } = stream.destination
    const source = stream.type === 'KinesisStreamAsSource' ? streamOf(stream) : undefined
    const started = performance.now()
    let group = newGroup()
    for (let i = 0; i < batch.length; i++) {
      for (const record of await sourceRecords(batch, i, source, streams, signal)) {
        for (const input of await expanded(record, processing)) {
          if (processing.lambda === null) this.#append(out, stream, input, fateWithout(input))
          else group = await this.#add(group, input, stream, processing.lambda, out, signal)
        }
      }
      signal.throwIfAborted()
    }
    if (processing.lambda !== null) await this.#flush(group, stream, processing.lambda, out, signal)
    counts.done(batch.length)
    counts.latency(performance.now() - started, batch.length)
  }

  /** Adds a record to the group, or to the next one if it has no room. Resolves to the group that has it. */
  async #add(
    group: Group,
    input: Input | Unprocessable,
    stream: DeliveryStream,
    lambda: Lambda,
    out: Appender,
    signal: AbortSignal,
  ): Promise<Group> {
    if ('reason' in input) {
      group.entries.push(input)
      return group
    }
    const text = recordText(input)
    const textBytes = Buffer.byteLength(text) + 1
    if (textBytes > MAX_RECORDS_BYTES) {
      group.entries.push({ ...input, reason: TOO_LARGE })
      return group
    }
    let current = group
    const isFull =
      group.dataBytes + input.data.length > lambda.sizeMiB * MIB ||
      group.textBytes + textBytes > MAX_RECORDS_BYTES
    if (isFull && group.texts.length > 0) {
      await this.#flush(group, stream, lambda, out, signal)
      current = newGroup()
    }
    current.entries.push(input)
    current.texts.push(text)
    current.dataBytes += input.data.length
    current.textBytes += textBytes
    return current
  }

  /** Invokes the function with the group, and appends the results. */
  async #flush(
    { entries, texts }: Group,
    stream: DeliveryStream,
    lambda: Lambda,
    out: Appender,
    signal: AbortSignal,
  ): Promise<void> {
    const { account, functions } = this.#options
    const inputs = entries.filter((entry) => !('reason' in entry))
    const head = {
      deliveryStreamArn: deliveryStreamArn(account, stream.name),
      region: account.region,
      sourceKinesisStreamArn:
        stream.type === 'KinesisStreamAsSource' ? streamArn(account, streamOf(stream)) : undefined,
    }
    const fates = inputs.length === 0 ? [] : await transform(inputs, texts, head, lambda, functions, signal)
    let next = 0
    for (const entry of entries) {
      const fate = 'reason' in entry ? fateWithout(entry) : fates[next++]
      this.#append(out, stream, entry, fate, 'reason' in entry ? undefined : lambda.arn)
    }
  }

  #append(out: Appender, stream: DeliveryStream, input: Input, fate: Fate, lambdaArn?: string): void {
    if (fate === undefined) return
    const { partition, partitions, counts } = this.#options
    const headers: Record<string, string> = { [HEADERS.arrivedAt]: String(input.arrivedAt) }
    let failed: Failed | undefined
    if ('reason' in fate) failed = fate
    else if (fate.data.length > MAX_VALUE_BYTES) failed = { reason: TOO_LARGE, attemptsMade: 1 }
    else if (stream.destination.isPartitioned) {
      const found = this.#partitionKeys.of(stream, fate.partitionKeys)
      if ('keys' in found) headers[HEADERS.partitionKeys] = JSON.stringify(found.keys)
      else failed = { reason: found.reason, attemptsMade: 1 }
    }
    const { data } = failed === undefined && 'data' in fate ? fate : input
    if (failed !== undefined) {
      counts.failed(1)
      const failure: ProcessingFailure = {
        ...failed.reason,
        attemptsMade: failed.attemptsMade,
        arrivalTimestamp: input.arrivedAt,
        attemptEndingTimestamp: Date.now(),
        lambdaArn,
      }
      headers[HEADERS.failure] = JSON.stringify(failure)
    }
    const topic = deliveredTopic(stream)
    appendRecord(out, { topic, partition: partition % partitions, key: null, value: data, headers })
  }
}

/** The fate of a record that no function gets. */
function fateWithout(input: Input | Unprocessable): Fate {
  return 'reason' in input ? { reason: input.reason, attemptsMade: 0 } : { data: input.data }
}
