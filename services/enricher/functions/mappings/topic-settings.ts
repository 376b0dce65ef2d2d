/** The part of a topic's configuration that mappings depend on. */

import type { TopicName } from '@weir/contracts'
import { topicConfigs } from '@weir/contracts/topic-configs.ts'
import { type Kafka, KafkaError } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { TOPIC_PREFIX } from '@weir/streams'

export interface TopicSettings {
  /** True if timestamps are those of arrival, false if they are the producers'. */
  readonly appendTime: boolean
  /** max.message.bytes, which bounds a record batch. */
  readonly maxBatchBytes: number
  /** A compacted topic takes no records without keys. */
  readonly compacted: boolean
}

/** Kafka's defaults (documentation, "Topic configs"). */
const DEFAULTS: Readonly<Record<string, string>> = {
  'message.timestamp.type': 'CreateTime',
  'max.message.bytes': '1048588',
  'cleanup.policy': 'delete',
}
/**
 * Asks the brokers for the settings. Without the right to ask, assumes those of the topic's contract, or
 * Kafka's defaults. Rejects with a KafkaError if asking fails for another reason.
 */
export async function topicSettings(topic: string, kafka: Kafka): Promise<TopicSettings> {
  const found = await kafka.admin.topicConfigs(topic).catch((error: unknown) => assumed(topic, error))
  const configs = { ...DEFAULTS, ...found }
  return {
    appendTime: configs['message.timestamp.type'] === 'LogAppendTime',
    maxBatchBytes: Number(configs['max.message.bytes']),
    compacted: configs['cleanup.policy'].split(',').includes('compact'),
  }
}

function assumed(topic: string, error: unknown): Record<string, string> {
  if (!(error instanceof KafkaError) || error.code !== 'not-authorized') throw error
  if (Object.hasOwn(topics, topic)) return topicConfigs(topics[topic as TopicName])
  // The topics of streams have arrival timestamps.
  return topic.startsWith(TOPIC_PREFIX) ? { 'message.timestamp.type': 'LogAppendTime' } : {}
}
