/** The intake that all doors share: the topics with their contracts, one producer, and one memory budget. */
import type { Codec, Writer } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { schemaOf } from '@weir/contracts'
import type { Kafka, Producer } from '@weir/kafka'
import type { Resource } from '@weir/service'
import { Admission } from '@weir/service'
import { topics as table } from '@weir/solutions'

/** Buffers of record batches grow by doubling, so they are up to twice as large as their contents. */
const CAPACITY = 2

export interface IntakeTopic {
  readonly name: TopicName
  readonly partitions: number
  readonly writer: Writer
  /**
   * The field of the value that is the record's key; null: records have no key and rotate through the
   * partitions.
   */
  readonly key: string | null
  /** Whether values carry `eventTime`, milliseconds since the epoch. */
  readonly hasEventTime: boolean
}

export interface Intake {
  readonly topics: readonly IntakeTopic[]
  readonly producer: Producer
  readonly admission: Admission
}

export interface IntakeOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly topics: readonly TopicName[]
  readonly memoryBytes: number
}

/** Rejects with the error of Kafka or the registry if a topic or its schema does not exist yet. */
export async function openIntake({
  kafka,
  codec,
  topics,
  memoryBytes,
}: IntakeOptions): Promise<Resource<Intake>> {
  const opened = await Promise.all(topics.map((name) => openTopic(name, kafka, codec)))
  const producer = await kafka.producer()
  const admission = new Admission(memoryBytes, () => CAPACITY * producer.bufferedBytes)
  return { value: { topics: opened, producer, admission }, stop: (drainMs) => producer.stop(drainMs) }
}

async function openTopic(name: TopicName, kafka: Kafka, codec: Codec): Promise<IntakeTopic> {
  const [partitions, writer] = await Promise.all([kafka.partitions(name), codec.writer(name)])
  return { name, partitions, writer, key: table[name].key, hasEventTime: hasEventTime(name) }
}

function hasEventTime(name: TopicName): boolean {
  const { fields } = schemaOf(table[name]) as unknown as {
    fields: readonly { name: string; type: { logicalType?: string } }[]
  }
  return fields.some((field) => field.name === 'eventTime' && field.type.logicalType === 'timestamp-millis')
}
