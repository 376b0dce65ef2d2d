/**
 * Implements the port over kafkajs, with its connections, logins and request encodings. Its producer,
 * consumer and transactions are not used: under faults they lose and duplicate records.
 */
import { createAdmin } from '../../admin/index.ts'
import type { KafkaConfig } from '../../config.ts'
import { type KafkaLog, SILENT } from '../../log.ts'
import type { Kafka, Producer, Reading, Subscription } from '../../port.ts'
import { Cluster } from './cluster.ts'
import { consume } from './consume.ts'
import { fetchOnce, offsetAt } from './fetch-once.ts'
import { KafkaJsProducer } from './producer.ts'
import { read } from './read.ts'
import { transact } from './transact.ts'
import { transform } from './transform.ts'

/** Milliseconds between the requests that show connected() whether a broker answers. */
const PING = 2_000

/** Rejects with a KafkaError if no broker answers or the login fails. */
export async function openKafkaJs(config: KafkaConfig, log: KafkaLog = SILENT): Promise<Kafka> {
  const cluster = new Cluster(config, log)
  try {
    await cluster.connect()
  } catch (error) {
    cluster.close()
    throw error
  }
  const ping = setInterval(() => void cluster.refresh().catch(() => {}), PING).unref()
  const admin = createAdmin(cluster)
  const producers = new Set<Producer>()
  const consumers = new Set<Subscription | Reading>()
  const keep = <T extends Subscription | Reading>(opened: T): T => {
    consumers.add(opened)
    if ('done' in opened) opened.done.catch(() => {}).finally(() => consumers.delete(opened))
    return opened
  }
  return {
    driver: 'kafkajs',
    admin,
    partitions: (topic) => cluster.partitions(topic),
    topicId: (topic) => cluster.agreedId(topic),
    connected: () => cluster.connected,
    async producer() {
      const producer = new KafkaJsProducer(config, log)
      producers.add(producer)
      await producer.connect()
      return producer
    },
    consume: async (options, handler) => keep(consume(config, log, options, handler)),
    transform: async (options, handler) => keep(transform(config, log, options, handler)),
    read: async (options, handler) => keep(await read(config, log, options, handler)),
    fetch: (topic, partition, offset, maxBytes) => fetchOnce(cluster, topic, partition, offset, maxBytes),
    offsetAt: (topic, partition, time) => offsetAt(cluster, topic, partition, time),
    transact: (transactionalId, work) => transact(cluster, transactionalId, work),
    async stop() {
      clearInterval(ping)
      // Consumers may still need the producers while they stop.
      await Promise.all([...consumers].map((consumer) => consumer.stop()))
      await Promise.all([...producers].map((producer) => producer.stop()))
      cluster.close()
    },
  }
}
