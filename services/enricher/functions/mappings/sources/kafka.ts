/** Topics as event sources: those that Lambda knows as self-managed Kafka. */
import { type Reader, SchemaNeeded, Undecodable } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import type { RecordBatch } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { object, oneOf, text } from '@weir/topics/shape.ts'
import { type DeliverySettings, groupOf } from '../settings.ts'
import { type ShardSlice, SliceBuilder, type SourceShard } from '../slice.ts'
import { topicSettings } from '../topic-settings.ts'
import { compileFilters, type FilterCriteria, type RecordFilter } from './filters.ts'
import {
  type KafkaRecord,
  kafkaBatchInfo,
  kafkaEvent,
  kafkaFilters,
  kafkaRecord,
  partitionName,
  type TimestampType,
  writeKafka,
} from './kafka-records.ts'
import {
  type EventSource,
  type KafkaConfig,
  type SourceDeps,
  SourceError,
  type SourceKind,
  type SourceMapping,
  type SourceReader,
} from './source.ts'

interface TopicDefinition {
  readonly kind: 'kafka'
  readonly topic: string
}

/** AWS's bound instead of "forever" if a Kafka mapping has an on-failure destination. */
const RETRIES_WITH_DESTINATION = 10

export const kafka: SourceKind<TopicDefinition> = {
  kind: 'kafka',
  requestForm: 'SelfManagedEventSource and Topics',
  shape: object({
    kind: oneOf('kafka'),
    topic: text({ max: 249, pattern: /^[a-zA-Z0-9._-]+$/, like: 'the name of a topic' }),
  }),
  fromRequest({ SelfManagedEventSource, Topics }) {
    if (SelfManagedEventSource === undefined) return undefined
    if (Topics?.length === 1) return { kind: 'kafka', topic: Topics[0] }
    throw new SourceError(
      `Topics must name one topic, and names ${Topics?.length ?? 0}; create a mapping for each.`,
    )
  },
  of: ({ topic }) => new KafkaSource(topic),
}

class KafkaSource implements EventSource {
  readonly defaultStart = 'TRIM_HORIZON'
  readonly transitionReason = 'USER_INITIATED'
  readonly topic: string

  constructor(topic: string) {
    this.topic = topic
  }

  resource(): string {
    return this.topic
  }

  configuration({ id, groupId, asked }: SourceMapping): object {
    return {
      Topics: [this.topic],
      SelfManagedEventSource: { Endpoints: asked?.endpoints ?? {} },
      SourceAccessConfigurations: [],
      // In Lambda, a mapping that names no group uses its UUID as the group's name.
      SelfManagedKafkaEventSourceConfig: {
        ConsumerGroupId: groupId === groupOf(id) ? id : groupId,
        SchemaRegistryConfig: asked?.schemaRegistry,
      },
    }
  }

  duplicate({ asked }: SourceMapping, functionArn: string): string {
    const endpoints = Object.values(asked?.endpoints ?? {})
      .flat()
      .join()
    return `An event source mapping with event source ("${endpoints}"), function ("${functionArn}"), topics ("${this.topic}")`
  }

  check({ id, groupId, decode }: SourceMapping, config: KafkaConfig | undefined): void {
    const { ConsumerGroupId = groupId, ConsumptionMode, SchemaRegistryConfig } = config ?? {}
    const asAnswered = groupId === groupOf(id) && ConsumerGroupId === id
    if (ConsumerGroupId !== groupId && !asAnswered)
      throw new SourceError('The ConsumerGroupId of a mapping cannot be changed; create another mapping.')
    if (ConsumptionMode === 'Queue')
      throw new SourceError('ConsumptionMode Queue is not served here; leave it out.')
    if (SchemaRegistryConfig?.EventRecordFormat === 'SOURCE') {
      throw new SourceError(
        'EventRecordFormat SOURCE is not served here; give JSON, or no SchemaRegistryConfig.',
      )
    }
    if (decode && !Object.hasOwn(topics, this.topic)) {
      throw new SourceError(
        `SchemaRegistryConfig is for topics with a contract of Weir, of which ${this.topic} is none; leave it out.`,
      )
    }
  }

  checkFilters(filters: FilterCriteria | undefined): void {
    compileFilters(filters, kafkaFilters)
  }

  limited(settings: DeliverySettings, hasDestination: boolean): DeliverySettings {
    const forEver = settings.maxRetries < 0
    return hasDestination && forEver ? { ...settings, maxRetries: RETRIES_WITH_DESTINATION } : settings
  }

  /** Whether the topic exists shows when it is opened. */
  exists(): boolean {
    return true
  }

  async open({ filters, decode }: SourceMapping, deps: SourceDeps): Promise<SourceReader> {
    const filter = compileFilters(filters, kafkaFilters)
    const reader = decode ? await deps.codec.reader(this.topic as TopicName) : undefined
    const { appendTime } = await topicSettings(this.topic, deps.kafka)
    const timestampType = appendTime ? 'LOG_APPEND_TIME' : 'CREATE_TIME'
    return new TopicReader(this.topic, { filter, reader, timestampType }, deps.bootstrapServers)
  }
}

interface Reading {
  readonly filter: RecordFilter<KafkaRecord> | undefined
  /** Decodes values; undefined: functions get their bytes. */
  readonly reader: Reader | undefined
  readonly timestampType: TimestampType
}

class TopicReader implements SourceReader {
  readonly topic: string
  readonly #reading: Reading
  readonly #bootstrapServers: string

  constructor(topic: string, reading: Reading, bootstrapServers: string) {
    this.topic = topic
    this.#reading = reading
    this.#bootstrapServers = bootstrapServers
  }

  shardAt(partition: number): SourceShard {
    const origin = { topic: this.topic, partition, bootstrapServers: this.#bootstrapServers }
    return {
      shardId: partitionName(this.topic, partition),
      partition,
      eventSourceArn: '',
      event: (records, window) => kafkaEvent(origin, records, window),
      recordAt: (offset) => ({ identifier: String(offset), timestamp: Date.now() }),
      batchInfo: (extent) => kafkaBatchInfo(origin, extent),
    }
  }

  hasEnded(): boolean {
    return false
  }

  async *slices(
    batch: RecordBatch,
    leaveOut: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<ShardSlice> {
    const { filter, reader, timestampType } = this.#reading
    await reader?.prepare(batch)
    for (let i = 0; i < batch.length; ) {
      const slice = new SliceBuilder(filter, writeKafka)
      for (; i < batch.length && !slice.full; i++) {
        if (leaveOut(i)) continue
        let value: Buffer | null | undefined
        try {
          value = reader && decoded(reader, batch, i)
        } catch (error) {
          if (error instanceof SchemaNeeded) throw error
          slice.lose(kafkaRecord(batch, i, timestampType), conditionOf(error), error as Error)
          continue
        }
        const taking = slice.take(kafkaRecord(batch, i, timestampType, value))
        if (taking !== undefined) await taking
      }
      signal.throwIfAborted()
      yield slice.done(this.shardAt(batch.partition), i < batch.length ? batch.offsets[i] : batch.nextOffset)
    }
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
