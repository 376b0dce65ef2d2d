/**
 * Implements the port over the connections of a transport. Everything above them is written for batches of
 * bytes.
 */
import { createAdmin } from '../admin/index.ts'
import type { KafkaConfig } from '../config.ts'
import { KafkaError } from '../errors.ts'
import type { KafkaLog } from '../log.ts'
import type { Kafka } from '../port.ts'
import type { Connect } from '../transports/transport.ts'
import { Cluster } from './cluster.ts'
import { atLeastOnce } from './consume/consume.ts'
import { GroupSubscription } from './consume/subscription.ts'
import { fetchOnce, offsetAt } from './fetch-once.ts'
import { IdempotentProducer } from './produce/producer.ts'
import { ReadingAll } from './read.ts'
import { transact } from './transform/transact.ts'
import { exactlyOnce } from './transform/transform.ts'

/** Rejects with a KafkaError if none of the brokers answers or the login fails. */
export async function openClient(config: KafkaConfig, connect: Connect, log: KafkaLog): Promise<Kafka> {
  const cluster = new Cluster(config, log, connect)
  const running = new Set<{ stop(): Promise<void> }>()
  const keep = <T extends { stop(): Promise<void> }>(thing: T): T => {
    running.add(thing)
    return thing
  }
  try {
    await cluster.ask([])
  } catch (error) {
    await cluster.stop()
    throw error
  }
  return {
    driver: config.driver,
    partitions: async (topic) => (await cluster.topic(topic)).partitions.length,
    topicId: (topic) => cluster.agreedId(topic),
    producer: async () => keep(await IdempotentProducer.open(cluster)),
    consume: async (options, handler) =>
      keep(await GroupSubscription.open(cluster, options, atLeastOnce(handler))),
    async transform(options, open) {
      await refuseDifferentCounts(cluster, options.topics)
      return keep(await GroupSubscription.open(cluster, options, exactlyOnce(open)))
    },
    async read(options, handler) {
      const reading = keep(new ReadingAll(cluster, options, handler))
      reading.done.catch(() => {}).finally(() => running.delete(reading))
      return reading
    },
    fetch: (topic, partition, offset, maxBytes) => fetchOnce(cluster, topic, partition, offset, maxBytes),
    offsetAt: (topic, partition, time) => offsetAt(cluster, topic, partition, time),
    transact: (transactionalId, work) => transact(cluster, transactionalId, work),
    admin: createAdmin(cluster),
    connected: () => cluster.connected(),
    async stop() {
      await Promise.all([...running].map((thing) => thing.stop()))
      await cluster.stop()
    },
  }
}

async function refuseDifferentCounts(cluster: Cluster, topics: readonly string[]): Promise<void> {
  const found = await Promise.all(topics.map((topic) => cluster.topic(topic)))
  if (new Set(found.map(({ partitions }) => partitions.length)).size < 2) return
  const counts = found.map(({ topic, partitions }) => `${topic} has ${partitions.length}`)
  throw new KafkaError(
    'partition-mismatch',
    `Topics that are transformed together need the same number of partitions; ${counts.join(', ')}`,
  )
}
