/** The Kafka side of a sink under test: topics, contracts, and records with a source of the test's own. */
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { type DeadLetter, sampleOf } from '@weir/contracts'
import {
  appendRecord,
  headerOf,
  type Kafka,
  kafkaConfig,
  openKafka,
  type PartitionOffsets,
  type Producer,
  partitionOfKey,
  writeRecords,
} from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { kafkaCluster, servers } from '@weir/testkit'

export const TOPIC = 'taxi.telemetry.late'
export const DEAD_LETTERS = 'taxi.enriched.dead'

export interface Sent {
  readonly id: string
  readonly key: string
  readonly value: Buffer | null
}

export interface Pipeline {
  readonly brokers: readonly string[]
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  /** Stores records in TOPIC under this pipeline's source. */
  send(records: readonly Sent[]): Promise<void>
  /** The current end offsets of TOPIC. */
  end(): Promise<readonly PartitionOffsets[]>
  /** Makes the consumer group begin at `end`. Its sink must not be running. */
  beginAt(group: string, end: readonly PartitionOffsets[]): Promise<void>
  /** The number of records that the group has not committed. */
  lag(group: string): Promise<number>
  encode(changes?: Partial<TaxiTelemetry>): Buffer
  /** The dead letters in DEAD_LETTERS of this pipeline's records, or all of them with that `code`. */
  deadLetters(code?: string): Promise<{ readonly id: string; readonly letter: DeadLetter }[]>
  stop(): Promise<void>
}

export const log = logger('sink-test')

/** Opens a Kafka of its own: sinks count every record of TOPIC, and its poison would harm other tests. */
export async function openPipeline(source: string): Promise<Pipeline> {
  const cluster = await kafkaCluster({ brokers: 1 })
  const { brokers } = cluster
  const { url } = await servers.registry()
  const { value: kafka, stop } = await openKafka(
    readConfig({ ...process.env, KAFKA_BROKERS: brokers.join(',') }, kafkaConfig),
    log,
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(url, topics)
  const codec = (await openCodec({ topics, url }, log)).value
  const producer = await kafka.producer()
  const writer = await codec.writer(TOPIC)
  const partitions = await kafka.partitions(TOPIC)
  const buffer = Buffer.alloc(100_000)

  return {
    brokers,
    kafka,
    codec,
    producer,
    async send(records) {
      for (let from = 0; from < records.length; from += 1000) {
        await writeRecords(producer, (out) => {
          for (const { id, key, value } of records.slice(from, from + 1000)) {
            const headers = { 'weir-id': id, 'weir-source': source }
            const partition = partitionOfKey(key, partitions)
            appendRecord(out, { topic: TOPIC, partition, key, value, headers })
          }
        })
      }
    },
    encode: (changes = {}) =>
      Buffer.from(
        buffer.subarray(
          0,
          writer.encode(
            { ...(sampleOf(topics, TOPIC) as TaxiTelemetry), eventTime: Date.now(), ...changes },
            buffer,
            0,
          ),
        ),
      ),
    end: () => kafka.admin.offsets(TOPIC),
    beginAt: (group, end) =>
      kafka.admin.setOffsets(
        group,
        TOPIC,
        end.map(({ partition, latest }) => ({ partition, offset: latest })),
      ),
    lag: async (group) => (await kafka.admin.lag(group)).reduce((sum, { lag }) => sum + lag, 0),
    async deadLetters(code) {
      const reader = await codec.reader(DEAD_LETTERS)
      const found: { id: string; letter: DeadLetter }[] = []
      const reading = await kafka.read(
        { topics: [DEAD_LETTERS], from: 'earliest', until: 'end' },
        async (batch) => {
          await reader.prepare(batch)
          for (let i = 0; i < batch.length; i++) {
            const [header, wanted] = code === undefined ? ['weir-source', source] : ['weir-dead-code', code]
            if (headerOf(batch, i, header)?.toString() !== wanted) continue
            found.push({
              id: headerOf(batch, i, 'weir-id')?.toString() ?? '',
              letter: reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]),
            })
          }
        },
      )
      await reading.done
      return found
    },
    async stop() {
      await producer.stop()
      await stop()
      await cluster.stop()
    },
  }
}
