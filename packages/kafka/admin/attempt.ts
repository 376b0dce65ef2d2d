import type { Cluster } from '../drivers/kafkajs/cluster.ts'
import { toKafkaError } from '../drivers/kafkajs/errors.ts'
import { retrying } from '../drivers/kafkajs/retry.ts'

/** How long a call is retried while brokers come and go (ms). */
const PATIENCE = 15_000

/** @param what the beginning of the message of the KafkaError that a failure becomes */
export async function attempt<T>(cluster: Cluster, ask: () => Promise<T>, what: string): Promise<T> {
  try {
    return await retrying(ask, () => cluster.refresh(), PATIENCE)
  } catch (error) {
    throw toKafkaError(error, what)
  }
}
