import type { Cluster } from '../drivers/kafkajs/cluster.ts'
import { toKafkaError } from '../drivers/kafkajs/errors.ts'
import { retrying } from '../drivers/kafkajs/retry.ts'

/** Milliseconds that a call is repeated while brokers come and go. */
const PATIENCE = 15_000

/** @param what the sentence's beginning for the KafkaError that a failure becomes */
export async function attempt<T>(cluster: Cluster, ask: () => Promise<T>, what: string): Promise<T> {
  try {
    return await retrying(ask, () => cluster.refresh(), PATIENCE)
  } catch (error) {
    throw toKafkaError(error, what)
  }
}
