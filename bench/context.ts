/** The real servers that all scenarios share, and connections to them. */

import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { ANY_FURTHER_PORTS } from '@weir/contracts/services.ts'
import { type Kafka, type KafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { nativeServers } from '@weir/stack/shared-servers.ts'

export interface Context {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly brokers: string
  readonly searchUrl: string
  /** The environment variables with which Weir's services are started. */
  readonly env: Readonly<Record<string, string>>
}

export async function openContext(): Promise<{ value: Context; stop(): Promise<void> }> {
  const servers = nativeServers()
  const [{ brokers }, registry, redis, search] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    servers.redis(),
    servers.opensearch(),
  ])
  const config: KafkaConfig = {
    brokers,
    driver: 'platformatic',
    groupProtocol: 'auto',
    compression: 'none',
    clientId: 'bench',
    rack: undefined,
    instanceId: undefined,
    tls: undefined,
    sasl: undefined,
  }
  const { value: kafka, stop } = await openKafka(config)
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registry.url, topics)
  await kafka.admin.createTopics(
    ['bench.json', 'bench.json.out', 'bench.java'].map((name) => ({
      name,
      partitions: 12,
      replicas: 1,
      configs: { 'retention.ms': '3600000' },
    })),
  )
  const { value: codec } = await openCodec({ topics, url: registry.url })
  return {
    value: {
      kafka,
      codec,
      brokers: brokers.join(','),
      searchUrl: search.url,
      env: {
        KAFKA_BROKERS: brokers.join(','),
        REGISTRY_URL: registry.url,
        REDIS_URL: redis.url,
        SEARCH_URL: search.url,
        SEARCH_ENGINE: 'opensearch',
        ALLOW_ANONYMOUS: 'true',
        ...ANY_FURTHER_PORTS,
        HTTP_HOST: '127.0.0.1',
        KAFKA_DRIVER: process.env.KAFKA_DRIVER ?? 'platformatic',
      },
    },
    stop: async () => {
      await stop()
      await servers.stop()
    },
  }
}
