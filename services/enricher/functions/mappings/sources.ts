/** The sources of mappings: streams, read by their shards, and topics. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { type Codec, type Reader, SchemaNeeded, Undecodable } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { type Kafka, KafkaError, type RecordBatch } from '@weir/kafka'
import type { Serving, Shard, Streams } from '@weir/streams'
import { compileFilters } from '../patterns/filters.ts'
import {
  kafkaEvent,
  kafkaRecord,
  kinesisEvent,
  kinesisRecords,
  partitionName,
  type TimestampType,
  writeKafka,
  writeKinesis,
} from './events.ts'
import type { Mapping } from './mapping.ts'
import { Draft, type Place, type Stretch } from './stretch.ts'
import { topicSettings } from './topic-settings.ts'

export interface Source {
  readonly topic: string
  /**
   * The parts of a batch, in order; each is handled separately.
   * @param leaveOut is called once for each record, in order
   */
  stretches(
    batch: RecordBatch,
    leaveOut: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Stretch>
  /** Undefined if no shard is known at that offset. */
  placeOf(partition: number, offset: number): Place | undefined
}

export interface SourceDeps {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  readonly account: { readonly region: string; readonly accountId: string }
  readonly bootstrapServers: string
}

/** How often a child shard checks whether its parents have been read. */
const PARENTS_MS = 200
/** After an aggregate of more records than this, other work of the process comes first. */
const LARGE_AGGREGATE = 1000

/**
 * Rejects with unknown-topic if the stream or topic does not exist, and with a PatternError for invalid
 * filters.
 */
export function openSource(mapping: Mapping, deps: SourceDeps): Promise<Source> {
  const { source } = mapping
  return source.kind === 'kinesis'
    ? openStream(mapping, source.stream, deps)
    : openTopic(mapping, source.topic, deps)
}

async function openTopic({ filters, decode }: Mapping, topic: string, deps: SourceDeps): Promise<Source> {
  const { kafka, codec, bootstrapServers } = deps
  const filter = compileFilters(filters, 'kafka')
  const reader = decode ? await codec.reader(topic as TopicName) : undefined
  const timestampType: TimestampType = (await topicSettings(topic, kafka)).appendTime
    ? 'LOG_APPEND_TIME'
    : 'CREATE_TIME'
  const placeOf = (partition: number): Place => ({
    shardId: partitionName(topic, partition),
    eventSourceArn: '',
    origin: { kind: 'kafka', topic, partition, bootstrapServers },
    event: (records, window) => {
      return kafkaEvent(
        topic,
        partition,
        records,
        { eventSource: 'SelfManagedKafka', bootstrapServers },
        window,
      )
    },
    named: (offset) => ({ identifier: String(offset), timestamp: Date.now() }),
  })
  return {
    topic,
    placeOf,
    async *stretches(batch, leaveOut, signal) {
      await reader?.prepare(batch)
      for (let i = 0; i < batch.length; ) {
        const draft = new Draft(filter, writeKafka)
        for (; i < batch.length && !draft.full; i++) {
          if (leaveOut(i)) continue
          let value: Buffer | null | undefined
          try {
            value = reader && decoded(reader, batch, i)
          } catch (error) {
            if (error instanceof SchemaNeeded) throw error
            draft.lose(kafkaRecord(batch, i, timestampType), conditionOf(error), error as Error)
            continue
          }
          const taking = draft.take(kafkaRecord(batch, i, timestampType, value))
          if (taking !== undefined) await taking
        }
        signal.throwIfAborted()
        yield draft.done(placeOf(batch.partition), i < batch.length ? batch.offsets[i] : batch.nextOffset)
      }
    },
  }
}

/** Returns the value as JSON, decoded by its contract. */
function decoded(reader: Reader, batch: RecordBatch, i: number): Buffer | null {
  if (batch.valueStart[i] < 0) return null
  return Buffer.from(JSON.stringify(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])))
}

const conditionOf = (error: unknown): 'SCHEMA_NOT_FOUND' | 'DESERIALIZATION_ERROR' =>
  error instanceof Undecodable && error.code === 'unknown-schema'
    ? 'SCHEMA_NOT_FOUND'
    : 'DESERIALIZATION_ERROR'

/** A shard in a version of its stream. */
interface Found {
  readonly serving: Serving
  readonly shard: Shard
}

async function openStream(
  mapping: Mapping,
  name: string,
  { kafka, streams, account }: SourceDeps,
): Promise<Source> {
  const { id, filters, functionName, groupId } = mapping
  const filter = compileFilters(filters, 'kinesis')
  const streamArn = `arn:aws:kinesis:${account.region}:${account.accountId}:stream/${name}`
  const identityArn = roleArn(account.accountId, functionName)
  const topic = streams.get(name)?.stream.topic
  if (topic === undefined) throw new KafkaError('unknown-topic', `The stream of mapping ${id} does not exist`)

  function shardAt(partition: number, offset: number): Found | undefined {
    const serving = streams.get(name)
    const shard = serving?.stream.shards.find((one) => {
      return one.partition === partition && one.from <= offset && (one.to === null || offset < one.to)
    })
    return serving && shard && { serving, shard }
  }

  /**
   * Returns the shard of a record. This replica may learn of a new shard a moment after it reads the first
   * record.
   */
  async function knownShardAt(partition: number, offset: number, signal: AbortSignal): Promise<Found> {
    for (;;) {
      const found = shardAt(partition, offset)
      if (found !== undefined && streams.leased) return found
      await sleep(PARENTS_MS, undefined, { signal })
    }
  }

  /** Resolves when the group, in any member, has committed the ends of the shard's parents. */
  async function parentsRead({ stream }: Serving, { parents }: Shard, signal: AbortSignal): Promise<void> {
    const open = stream.shards.filter((shard) => parents.includes(shard.id))
    while (open.length > 0) {
      const lags = (await kafka.admin.lag(groupId)).filter((lag) => lag.topic === topic)
      const committed = new Map(lags.map((lag) => [lag.partition, lag.committed]))
      if (
        open.every(
          ({ partition, to, from }) => to === from || (committed.get(partition) ?? -1) >= (to ?? Infinity),
        )
      )
        return
      await sleep(PARENTS_MS, undefined, { signal })
    }
  }

  const placeIn = ({ serving, shard }: Found): Place => ({
    shardId: shard.id,
    eventSourceArn: streamArn,
    origin: { kind: 'kinesis', streamArn, shardId: shard.id },
    event: kinesisEvent,
    named: (offset) => ({
      identifier: serving.numbersOf(shard).at(offset, Date.now()),
      timestamp: Date.now(),
    }),
  })

  return {
    topic,
    placeOf: (partition, offset) => {
      const found = shardAt(partition, offset)
      return found && placeIn(found)
    },
    /** A batch may reach from one shard into the next. Each shard is handled after its parents. */
    async *stretches(batch, leaveOut, signal) {
      for (let i = 0; i < batch.length; ) {
        const found = await knownShardAt(batch.partition, batch.offsets[i], signal)
        const { serving, shard } = found
        await parentsRead(serving, shard, signal)
        const sequenceNumber = (offset: number, time: number): string =>
          serving.numbersOf(shard).at(offset, time)
        const origin = { streamArn, region: account.region, identityArn, shardId: shard.id, sequenceNumber }
        const draft = new Draft(filter, writeKinesis)
        for (; i < batch.length && !draft.full && (shard.to === null || batch.offsets[i] < shard.to); i++) {
          if (leaveOut(i)) continue
          const records = kinesisRecords(batch, i, origin)
          for (const record of records) {
            const taking = draft.take(record)
            if (taking !== undefined) await taking
          }
          if (records.length > LARGE_AGGREGATE) await turn()
        }
        signal.throwIfAborted()
        yield draft.done(placeIn(found), i < batch.length ? batch.offsets[i] : batch.nextOffset)
      }
    },
  }
}

/** Functions have no roles; the ARN is well-formed for code that parses it. */
function roleArn(accountId: string, functionName: string): string {
  return `arn:aws:iam::${accountId}:role/${functionName}`
}
