/** Kinesis streams as event sources. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { type Account, formatArn, parseArn, streamArn } from '@weir/aws'
import { type Kafka, KafkaError, type RecordBatch } from '@weir/kafka'
import type { Serving, Shard, Streams } from '@weir/streams'
import { object, oneOf, text } from '@weir/topics/shape.ts'
import type { DeliverySettings } from '../settings.ts'
import { recordsEvent, type ShardSlice, SliceBuilder, type SourceShard } from '../slice.ts'
import { compileFilters, type FilterCriteria, type RecordFilter } from './filters.ts'
import {
  type KinesisRecord,
  kinesisBatchInfo,
  kinesisFilters,
  kinesisRecords,
  writeKinesis,
} from './kinesis-records.ts'
import {
  duplicateOfStream,
  type EventSource,
  type KafkaConfig,
  refuseKafkaConfig,
  type SourceDeps,
  SourceError,
  type SourceKind,
  type SourceMapping,
  type SourceReader,
  type WindowsClosed,
} from './source.ts'

interface StreamDefinition {
  readonly kind: 'kinesis'
  readonly stream: string
}

/** The resource of a stream's ARN. */
const STREAM = /^stream\/([a-zA-Z0-9_.-]{1,128})$/
/** How often a child shard checks whether its parents have been read. */
const PARENTS_MS = 200
/** After an aggregate of more records than this, other work of the process comes first. */
const LARGE_AGGREGATE = 1000

export const kinesis: SourceKind<StreamDefinition> = {
  kind: 'kinesis',
  requestForm: 'the ARN of a Kinesis stream',
  shape: object({ kind: oneOf('kinesis'), stream: text({ max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ }) }),
  fromRequest({ EventSourceArn: arn = '' }, account) {
    const { service, region, accountId, resource = '' } = parseArn(arn) ?? {}
    const [, stream] = STREAM.exec(resource) ?? []
    if (service !== 'kinesis' || stream === undefined) return undefined
    if (region === account.region && accountId === account.accountId) return { kind: 'kinesis', stream }
    throw new SourceError(
      `${arn} is a stream of another region or account; streams here are ${streamArn(account, 'NAME')}.`,
    )
  },
  of: ({ stream }) => new KinesisSource(stream),
}

class KinesisSource implements EventSource {
  readonly defaultStart = undefined
  readonly transitionReason = 'User action'
  readonly topic = undefined
  readonly #stream: string

  constructor(stream: string) {
    this.#stream = stream
  }

  resource(account: Account): string {
    return streamArn(account, this.#stream)
  }

  configuration(_mapping: SourceMapping, account: Account): object {
    return { EventSourceArn: this.resource(account) }
  }

  duplicate({ functionName }: SourceMapping, _functionArn: string, account: Account): string {
    return duplicateOfStream(this.resource(account), functionName)
  }

  check(_mapping: SourceMapping, config: KafkaConfig | undefined): void {
    refuseKafkaConfig(config)
  }

  checkFilters(filters: FilterCriteria | undefined): void {
    compileFilters(filters, kinesisFilters)
  }

  limited(settings: DeliverySettings): DeliverySettings {
    return settings
  }

  exists(streams: Pick<Streams, 'get'>): boolean {
    const status = streams.get(this.#stream)?.stream.status
    return status !== undefined && status !== 'DELETING'
  }

  async open(mapping: SourceMapping, deps: SourceDeps, closed?: WindowsClosed): Promise<SourceReader> {
    return new StreamReader(this.#stream, mapping, deps, closed)
  }
}

/** A shard in a version of its stream. */
interface Found {
  readonly serving: Serving
  readonly shard: Shard
}

class StreamReader implements SourceReader {
  readonly topic: string
  readonly #name: string
  readonly #groupId: string
  readonly #filter: RecordFilter<KinesisRecord> | undefined
  readonly #origin: { readonly streamArn: string; readonly region: string }
  readonly #identityArn: () => string
  readonly #kafka: Kafka
  readonly #streams: Streams
  readonly #closed: WindowsClosed | undefined
  /** Ids of shards whose parents have been read to their ends. */
  readonly #begun = new Set<string>()

  constructor(
    name: string,
    { id, filters, functionName, groupId }: SourceMapping,
    { kafka, streams, account, roleOf }: SourceDeps,
    closed: WindowsClosed | undefined,
  ) {
    this.#name = name
    this.#groupId = groupId
    this.#filter = compileFilters(filters, kinesisFilters)
    const { region, accountId } = account
    // Without a role of its own, a function's identity is well-formed for code that parses it.
    const fallback = formatArn({ service: 'iam', region: '', accountId, resource: `role/${functionName}` })
    this.#identityArn = () => roleOf(functionName) || fallback
    this.#origin = { streamArn: streamArn(account, name), region }
    this.#kafka = kafka
    this.#streams = streams
    this.#closed = closed
    const topic = streams.get(name)?.stream.topic
    if (topic === undefined)
      throw new KafkaError('unknown-topic', `The stream of mapping ${id} does not exist`)
    this.topic = topic
  }

  shardAt(partition: number, offset: number): SourceShard | undefined {
    const found = this.#find(partition, offset)
    return found && this.#sourceShard(found)
  }

  hasEnded(shardId: string, offset: number): boolean {
    const shard = this.#streams.get(this.#name)?.stream.shards.find(({ id }) => id === shardId)
    return shard !== undefined && shard.to !== null && shard.to <= offset
  }

  /**
   * A shard that follows in the partition may descend from this one. Then it is handled after shards that wait
   * until the end of this one is committed.
   */
  async cut(batch: RecordBatch, signal: AbortSignal): Promise<number> {
    const { shard } = await this.#known(batch.partition, batch.offsets[0], signal)
    const { to } = shard
    if (to === null || batch.offsets[batch.length - 1] < to) return batch.length
    return batch.offsets.findIndex((offset) => offset >= to)
  }

  /** Each shard is handled after its parents. */
  async *slices(
    batch: RecordBatch,
    leaveOut: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<ShardSlice> {
    for (let i = 0; i < batch.length; ) {
      const found = await this.#known(batch.partition, batch.offsets[i], signal)
      const { serving, shard } = found
      await this.#parentsRead(serving, shard, signal)
      const sequenceNumber = (offset: number, time: number): string =>
        serving.numbersOf(shard).at(offset, time)
      const origin = { ...this.#origin, identityArn: this.#identityArn(), shardId: shard.id, sequenceNumber }
      const slice = new SliceBuilder(this.#filter, writeKinesis)
      for (; i < batch.length && !slice.full; i++) {
        if (leaveOut(i)) continue
        const records = kinesisRecords(batch, i, origin)
        for (const record of records) {
          const taking = slice.take(record)
          if (taking !== undefined) await taking
        }
        if (records.length > LARGE_AGGREGATE) await turn()
      }
      signal.throwIfAborted()
      yield slice.done(this.#sourceShard(found), i < batch.length ? batch.offsets[i] : batch.nextOffset)
    }
  }

  #find(partition: number, offset: number): Found | undefined {
    const serving = this.#streams.get(this.#name)
    const shard = serving?.stream.shards.find((one) => {
      return one.partition === partition && one.from <= offset && (one.to === null || offset < one.to)
    })
    return serving && shard && { serving, shard }
  }

  /**
   * Returns the shard of a record. This replica may learn of a new shard a moment after it reads the first
   * record.
   */
  async #known(partition: number, offset: number, signal: AbortSignal): Promise<Found> {
    for (;;) {
      const found = this.#find(partition, offset)
      if (found !== undefined && this.#streams.leased) return found
      await sleep(PARENTS_MS, undefined, { signal })
    }
  }

  /** Resolves when the shard's parents have been read to their ends. */
  async #parentsRead({ stream }: Serving, { id, parents }: Shard, signal: AbortSignal): Promise<void> {
    if (this.#begun.has(id)) return
    const open = stream.shards.filter((shard) => parents.includes(shard.id))
    while (!(await this.#areRead(open, signal))) await sleep(PARENTS_MS, undefined, { signal })
    this.#begun.add(id)
  }

  /** Returns true if the group has committed the ends of the shards, in any member, and closed their windows. */
  async #areRead(shards: readonly Shard[], signal: AbortSignal): Promise<boolean> {
    if (shards.length === 0) return true
    const lags = (await this.#kafka.admin.lag(this.#groupId)).filter(({ topic }) => topic === this.topic)
    const committed = new Map(lags.map((lag) => [lag.partition, lag.committed]))
    for (const { partition, from, to } of shards) {
      if (from === to) continue
      if (to === null || (committed.get(partition) ?? -1) < to) return false
      if (this.#closed !== undefined && !(await this.#closed(partition, to, signal))) return false
    }
    return true
  }

  #sourceShard({ serving, shard }: Found): SourceShard {
    const { streamArn: arn } = this.#origin
    return {
      shardId: shard.id,
      partition: shard.partition,
      eventSourceArn: arn,
      event: recordsEvent,
      recordAt: (offset) => ({
        identifier: serving.numbersOf(shard).at(offset, Date.now()),
        timestamp: Date.now(),
      }),
      batchInfo: (extent) => kinesisBatchInfo({ streamArn: arn, shardId: shard.id }, extent),
    }
  }
}
