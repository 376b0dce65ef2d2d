/** The shared servers with Weir's topics and contracts, and connections to them. */

import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { type Kafka, kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { openStreams, type Streams } from '@weir/streams'
import { servers } from '@weir/testkit'
import type { HostOptions } from './hosting.ts'

export interface Backends {
  /** For startHost. */
  readonly backends: Pick<HostOptions, 'brokers' | 'registryUrl'>
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  stop(): Promise<void>
}

export async function openBackends(): Promise<Backends> {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const { value: kafka, stop } = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig))
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  const { value: codec } = await openCodec({ topics, url: registryUrl })
  const streams = await openStreams({
    kafka,
    codec,
    replicas: 1,
    takes: false,
    instance: 'test',
    log: { info: () => {}, warn: () => {} },
  })
  return {
    backends: { brokers, registryUrl },
    kafka,
    codec,
    streams,
    stop: async () => {
      await streams.stop()
      await stop()
    },
  }
}
