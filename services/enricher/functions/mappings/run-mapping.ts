/** A mapping at work: reads its shards or partitions as a member of its group, filters, cuts into batches, and gives them to the function. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { KafkaError, valueOf, type Appender, type Kafka, type Producer, type RecordBatch, type Subscription } from '@weir/kafka'
import { Counter, Gauge, Histogram, metrics, type Logger, watchGroup } from '@weir/service'
import type { Serving, Shard, Streams } from '@weir/streams'
import { compileFilters } from '../patterns/filters.ts'
import { deliver, type DeliveryPort, type EventRecord, type InvokeResult } from './delivery.ts'
import { openDestination, type FailedBatch } from './destinations.ts'
import { kafkaEvent, kafkaRecord, kinesisEvent, kinesisRecords, partitionName, type KeyedRecord } from './events.ts'
import { batchesOf, lanesOf } from './lanes.ts'
import type { Mapping } from './mapping.ts'
import { openOutput } from './output.ts'
import { openPlaces } from './places.ts'
import { MOST_PAYLOAD_BYTES } from './settings.ts'
import { Windows, type WindowState } from './windows.ts'

/** Lambda's own figures for streams, by mapping. */
const invocations = new Counter({ name: 'weir_function_invocations_total', help: 'Invocations by event source mappings.', labelNames: ['function', 'result'], registers: [metrics] })
const batchSizes = new Histogram({ name: 'weir_function_batch_records', help: 'Records of an invocation.', labelNames: ['function'], buckets: [1, 10, 50, 100, 500, 1000, 5000, 10_000], registers: [metrics] })
const iteratorAges = new Gauge({ name: 'weir_function_iterator_age_seconds', help: 'Age of the last record of the batch handled last.', labelNames: ['function'], registers: [metrics] })
const discards = new Counter({ name: 'weir_function_discarded_records_total', help: 'Records given up after their last attempt or for their age.', labelNames: ['function', 'condition'], registers: [metrics] })
const filtered = new Counter({ name: 'weir_function_filtered_records_total', help: 'Records that no filter of the mapping matches.', labelNames: ['function'], registers: [metrics] })

export interface MappingDeps {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly codec: Codec
  readonly streams: Streams
  readonly log: Logger
  readonly account: { readonly region: string, readonly accountId: string }
  readonly bootstrapServers: string
  /** One invocation; rejects where it was ended from outside and so does not count. */
  invoke(functionName: string, payload: Buffer, requestId: string, signal: AbortSignal): Promise<InvokeResult>
  /** Resolves when the states of windows that others wrote before are known here. */
  catchUp(): Promise<void>
  /** Of tumbling windows, by mapping and partition. */
  readonly windowStates: { get(id: string): WindowState | undefined, set(id: string, state: WindowState | undefined): Promise<void> }
}

export interface RunningMapping {
  ready(): boolean
  stop(drainMs: number): Promise<void>
}

/** How often a child shard looks whether its parents have been read. */
const PARENTS_MS = 200
const WINDOW_LOOK_MS = 250
/** A record that arrived within a window may be read so much later. */
const WINDOW_GRACE_MS = 1000

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal })

/** Where records come from, and how an event of them looks. */
interface Place {
  readonly origin: FailedBatch['origin']
  readonly shardId: string
  readonly eventSourceArn: string
  event(records: readonly EventRecord[], window?: string): string
}

/** What a batch of the broker port holds of one shard. */
interface Stretch extends Place {
  readonly records: KeyedRecord[]
  readonly next: number
}

/** A shard's windows while its partition is this replica's. */
interface OpenWindows {
  readonly windows: Windows
  signal: AbortSignal
  /** What is done with them, one after the other. */
  busy: Promise<unknown>
}

export async function runMapping(mapping: Mapping, deps: MappingDeps): Promise<RunningMapping> {
  const { kafka, streams, codec, log } = deps
  const { settings, source, functionName, groupId } = mapping
  const functionArn = `arn:aws:lambda:${deps.account.region}:${deps.account.accountId}:function:${functionName}`
  const streamArn = source.kind === 'kinesis' ? `arn:aws:kinesis:${deps.account.region}:${deps.account.accountId}:stream/${source.stream}` : ''
  if (settings.tumblingMs > 0 && mapping.output !== undefined) throw new Error(`Mapping ${mapping.id} has both a tumbling window and an output; what a window's function returns is its state.`)
  const passes = source.kind === 'kinesis' ? compileFilters(mapping.filters, 'kinesis') : compileFilters(mapping.filters, 'kafka')
  const destination = mapping.onFailure === undefined ? undefined : await openDestination(mapping.onFailure, kafka, deps.producer, log)
  const output = mapping.output === undefined ? undefined : await openOutput(mapping.output, kafka, codec)
  const reader = mapping.decode && source.kind === 'kafka' ? await codec.reader(source.topic as TopicName) : undefined
  const topic = source.kind === 'kinesis' ? streams.get(source.stream)?.stream.topic : source.topic
  if (topic === undefined) throw new KafkaError('unknown-topic', `The stream of mapping ${mapping.id} does not exist`)
  await beginAt(mapping, topic, kafka)

  let subscription: Subscription | undefined
  const places = openPlaces(mapping.maxConcurrency ?? Infinity)

  const invoke = async (event: string, count: number, signal: AbortSignal): Promise<InvokeResult> => {
    await places.take(signal)
    const result = await deps.invoke(functionName, Buffer.from(event), randomUUID(), signal).finally(places.giveBack)
    invocations.inc({ function: functionName, result: result.kind })
    if (result.kind !== 'throttled') batchSizes.observe({ function: functionName }, count)
    if (result.kind === 'error') log.debug({ function: functionName, mapping: mapping.id, error: result.error }, 'an invocation failed')
    return result
  }

  const discard = (place: Place): DeliveryPort['discard'] => async (records, why, signal) => {
    discards.inc({ function: functionName, condition: why.condition }, records.length)
    log.warn({ function: functionName, mapping: mapping.id, ...why, records: records.length, first: records[0].identifier }, 'records were given up')
    await destination?.send({ mappingId: mapping.id, functionArn, ...why, records, origin: place.origin }, randomUUID(), signal)
  }

  /** Everything that was read, through the function. What it answered goes to `out` in the order of the records. */
  const handle = async (stretch: Stretch, out: Appender | undefined, signal: AbortSignal): Promise<void> => {
    const lanes = lanesOf(stretch.records, settings.parallelization)
    const answers: { offset: number, append(): void }[] = []
    await Promise.all(lanes.map(async (lane) => {
      for (const batch of batchesOf(lane, settings.batchSize)) {
        await deliver(batch, settings, {
          invoke: async (records, s) => {
            const result = await invoke(stretch.event(records), records.length, s)
            if (result.kind !== 'success' || output === undefined) return result
            try {
              output.records(result.response)
              return result
            } catch (error) {
              return { kind: 'error', error: (error as Error).message }
            }
          },
          succeeded: (records, response) => {
            if (output === undefined || out === undefined) return
            const returned = output.records(response)
            answers.push({ offset: (records[0] as KeyedRecord).offset, append: () => output.append(out, returned) })
          },
          discard: discard(stretch), now: Date.now, pause,
        }, signal)
      }
    }))
    for (const { append } of answers.sort((a, b) => a.offset - b.offset)) append()
  }

  const windows = new Map<number, OpenWindows>()
  const stateId = (partition: number): string => `${mapping.id}/${partition}`

  const openWindows = (partition: number, place: Place, signal: AbortSignal): OpenWindows => {
    const id = stateId(partition)
    const port = {
      invoke: (records: readonly EventRecord[], window: string, s: AbortSignal) => invoke(place.event(records, window), records.length, s),
      discard: discard(place), save: (state: WindowState | undefined) => deps.windowStates.set(id, state), now: Date.now, pause,
    }
    const open = { windows: new Windows(settings, place, port, deps.windowStates.get(id)), signal, busy: Promise.resolve() }
    windows.set(partition, open)
    return open
  }

  /** The same through tumbling windows, whose states survive this process. */
  const handleWindows = async (stretch: Stretch, partition: number, signal: AbortSignal): Promise<void> => {
    let open = windows.get(partition)
    if (open === undefined || open.signal.aborted) {
      await deps.catchUp()
      open = openWindows(partition, stretch, signal)
    }
    open.signal = signal
    const { windows: shard } = open
    await (open.busy = open.busy.then(() => shard.take(stretch.records, stretch.next, signal)))
  }

  /** Windows end by the clock where no record comes to end them, those of a replica that has died among them. */
  const closeWindows = async (): Promise<void> => {
    const overdue = (end: number | undefined): boolean => (end ?? Infinity) < Date.now() - WINDOW_GRACE_MS
    for (const { partition } of subscription?.assignments() ?? []) {
      const saved = deps.windowStates.get(stateId(partition))
      if (windows.has(partition) || saved === undefined || !overdue(saved.start + settings.tumblingMs)) continue
      await deps.catchUp()
      const place = placeOf(partition, saved.offset)
      if (place !== undefined && !windows.has(partition)) openWindows(partition, place, stopping.signal)
    }
    for (const [partition, open] of windows) {
      if (open.signal.aborted || !subscription?.assignments().some((one) => one.partition === partition)) windows.delete(partition)
      else if (overdue(open.windows.end)) open.busy = open.busy.then(() => (overdue(open.windows.end) ? open.windows.close(open.signal) : undefined)).catch(() => {})
    }
  }
  const stopping = new AbortController()
  const closing = settings.tumblingMs === 0 ? undefined : setInterval(() => void closeWindows().catch((error: Error) => log.warn({ err: error, mapping: mapping.id }, 'windows could not be closed')), WINDOW_LOOK_MS)

  const process = async (batch: RecordBatch, out: Appender | undefined, signal: AbortSignal): Promise<void> => {
    for await (const stretch of stretchesOf(batch, signal)) {
      const before = stretch.records.length
      const kept = mapping.filters === undefined ? stretch.records : stretch.records.filter(({ json }) => passes(JSON.parse(json)))
      if (kept.length < before) filtered.inc({ function: functionName }, before - kept.length)
      const passed = { ...stretch, records: kept }
      if (settings.tumblingMs > 0) await handleWindows(passed, batch.partition, signal)
      else if (kept.length > 0) await handle(passed, out, signal)
      if (batch.length > 0) iteratorAges.set({ function: functionName }, (Date.now() - batch.timestamps[batch.length - 1]) / 1000)
    }
  }

  /** A batch of a stream's partition may reach from one shard into the next: each is handled by itself, after its parents. */
  async function* stretchesOf(batch: RecordBatch, signal: AbortSignal): AsyncGenerator<Stretch> {
    if (source.kind === 'kafka') {
      await reader?.prepare(batch)
      const records = Array.from({ length: batch.length }, (_, i) => kafkaRecord(batch, i, reader && decoded(reader, batch, i)))
      yield { ...placeOf(batch.partition, batch.offsets[0])!, records, next: batch.nextOffset }
      return
    }
    for (let i = 0; i < batch.length;) {
      const { serving, shard } = await shardAt(source.stream, batch.partition, batch.offsets[i], signal)
      await parentsRead(serving, shard, signal)
      const origin = { streamArn, region: deps.account.region, functionArn, shardId: shard.id, sequenceNumber: (offset: number, time: number) => serving.numbersOf(shard).at(offset, time) }
      const from = batch.offsets[i]
      const records: KeyedRecord[] = []
      for (; i < batch.length && (shard.to === null || batch.offsets[i] < shard.to); i++) records.push(...kinesisRecords(batch, i, origin))
      yield { ...placeOf(batch.partition, from)!, records, next: i < batch.length ? batch.offsets[i] : batch.nextOffset }
    }
  }

  /** Undefined where no shard is known at that offset. */
  function placeOf(partition: number, offset: number): Place | undefined {
    if (source.kind === 'kafka') {
      const { bootstrapServers } = deps
      return {
        shardId: partitionName(topic!, partition), eventSourceArn: '', origin: { kind: 'kafka', topic: topic!, partition, bootstrapServers },
        event: (some, window) => kafkaEvent(topic!, partition, some, { eventSource: 'SelfManagedKafka', bootstrapServers }, window),
      }
    }
    const shard = shardOf(source.stream, partition, offset)?.shard
    return shard && { shardId: shard.id, eventSourceArn: streamArn, origin: { kind: 'kinesis', streamArn, shardId: shard.id }, event: kinesisEvent }
  }

  function shardOf(stream: string, partition: number, offset: number): { serving: Serving, shard: Shard } | undefined {
    const serving = streams.get(stream)
    const shard = serving?.stream.shards.find((one) => one.partition === partition && one.from <= offset && (one.to === null || offset < one.to))
    return serving && shard && { serving, shard }
  }

  /** The shard of a record; this replica may hear of a new one a moment later than of its first record. */
  async function shardAt(stream: string, partition: number, offset: number, signal: AbortSignal): Promise<{ serving: Serving, shard: Shard }> {
    for (;;) {
      const found = shardOf(stream, partition, offset)
      if (found !== undefined && streams.leased) return found
      await pause(PARENTS_MS, signal)
    }
  }

  /** Resolves when the group has committed the ends of the shard's parents, whichever member read them. */
  async function parentsRead({ stream }: Serving, { parents }: Shard, signal: AbortSignal): Promise<void> {
    const open = stream.shards.filter(({ id }) => parents.includes(id))
    while (open.length > 0) {
      const committed = new Map((await kafka.admin.lag(groupId)).filter((lag) => lag.topic === topic).map((lag) => [lag.partition, lag.committed]))
      if (open.every(({ partition, to, from }) => to === from || (committed.get(partition) ?? -1) >= (to ?? Infinity))) return
      await pause(PARENTS_MS, signal)
    }
  }

  const options = {
    groupId, topics: [topic], startAt: 'earliest' as const, maxBatchRecords: Math.min(10_000, settings.batchSize * settings.parallelization),
    gather: settings.windowMs === 0 ? undefined : { ms: settings.windowMs, bytes: MOST_PAYLOAD_BYTES / 2 },
  }
  subscription = output === undefined
    ? await kafka.consume(options, (batch, signal) => process(batch, undefined, signal))
    : await kafka.transform(options, (batch, out, signal) => process(batch, out, signal))
  const unwatch = watchGroup(subscription)
  return {
    ready: () => subscription!.ready(),
    stop: async (drainMs) => {
      clearInterval(closing)
      unwatch()
      stopping.abort()
      await subscription!.stop(drainMs)
    },
  }
}

/** The value as JSON of its contract, in bytes. */
function decoded(reader: { decode(bytes: Buffer, start: number, end: number): unknown }, batch: RecordBatch, i: number): Buffer | null {
  return batch.valueStart[i] < 0 ? valueOf(batch, i) : Buffer.from(JSON.stringify(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])))
}

/** Where a group without offsets begins is written down at once: what arrives while nobody reads is not skipped. */
async function beginAt({ groupId, start }: Mapping, topic: string, kafka: Kafka): Promise<void> {
  if (start === 'TRIM_HORIZON') return
  const known = await kafka.admin.lag(groupId)
  if (known.some((lag) => lag.topic === topic && lag.committed >= 0)) return
  const time = start === 'LATEST' ? 'latest' : start.timestamp
  const partitions = Array.from({ length: await kafka.partitions(topic) }, (_, partition) => partition)
  const offsets = await Promise.all(partitions.map(async (partition) => ({ partition, offset: await kafka.offsetAt(topic, partition, time) })))
  try {
    await kafka.admin.setOffsets(groupId, topic, offsets)
  } catch (error) {
    // Another replica has done so and has joined already.
    if (!(error instanceof KafkaError) || error.code !== 'invalid-group') throw error
  }
}
