/** Connections to the shared servers, for tests of what follows and writes single topics. */
import { registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { TopicName } from '@weir/contracts'
import { type Kafka, kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'

export interface Connections {
  readonly kafka: Kafka
  /** Takes every topic for one with the contract: the topics are the test's own. */
  readonly codec: Codec
  /** Creates a compacted topic and returns its name. */
  makeTopic(partitions?: number, configs?: Readonly<Record<string, string>>): Promise<string>
  stop(): Promise<void>
}

export async function openConnections(
  contract: TopicName,
  driver: Kafka['driver'] = 'platformatic',
): Promise<Connections> {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  await registerContracts(url, topics)
  const settings = { KAFKA_BROKERS: brokers.join(), KAFKA_DRIVER: driver }
  const { value: kafka, stop } = await openKafka(readConfig(settings, kafkaConfig))
  const { value: codec } = await openCodec({ topics, url })
  return {
    kafka,
    codec: { ...codec, reader: () => codec.reader(contract), writer: () => codec.writer(contract) } as Codec,
    makeTopic: async (partitions = 1, configs = {}) => {
      const name = uniqueName('table')
      const spec = { name, partitions, replicas: 1, configs: { 'cleanup.policy': 'compact', ...configs } }
      await kafka.admin.createTopics([spec])
      return name
    },
    stop,
  }
}
