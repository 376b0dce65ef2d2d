/** Helpers for commands that use Kafka: connect, do the work, disconnect. */

import { type Codec, openCodec } from '@weir/codec'
import type { Topic, TopicName } from '@weir/contracts'
import { type Kafka, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { UsageError } from './command.ts'
import { hint } from './nearest.ts'
import { readKafkaSettings, readSettings } from './settings.ts'

/** Rejects with the port's `no-broker` if no broker answers. */
export async function withKafka<T>(work: (kafka: Kafka) => Promise<T>): Promise<T> {
  const { value, stop } = await openKafka(readKafkaSettings())
  try {
    return await work(value)
  } finally {
    await stop()
  }
}

export async function withCodec<T>(work: (codec: Codec) => Promise<T>): Promise<T> {
  const { value, stop } = await openCodec({ topics, url: readSettings().registry })
  try {
    return await work(value)
  } finally {
    await stop()
  }
}

/** Returns the contract of a topic; undefined if the table has no topic of that name. */
export const contractOf = (name: string): Topic | undefined =>
  Object.hasOwn(topics, name) ? topics[name as TopicName] : undefined

/** Refuses a topic that neither the contracts nor the cluster know. */
export async function existingTopic(kafka: Kafka, name: string | undefined): Promise<string> {
  if (name === undefined) throw new UsageError('Name a topic.')
  const names = (await kafka.admin.topics()).map((topic) => topic.name)
  if (!names.includes(name))
    throw new UsageError(
      `There is no topic ${name} on the cluster.${hint(name, names)}${contractOf(name) ? ' `weir topics apply` creates those of the contracts.' : ''}`,
    )
  return name
}
