/** What a mapping must know of how a topic is configured. */
import { topicConfigs } from '@weir/contracts/topic-configs.ts'
import { topics, type TopicName } from '@weir/contracts'
import { KafkaError, type Kafka } from '@weir/kafka'

export interface TopicSettings {
  /** Whether timestamps are those of arrival, else those of the producers. */
  readonly appendTime: boolean
  /** max.message.bytes: of a record batch. */
  readonly maxBatchBytes: number
  /** Whether records must have keys. */
  readonly compacted: boolean
}

/** Kafka's own (documentation, "Topic configs"). */
const DEFAULTS: Readonly<Record<string, string>> = { 'message.timestamp.type': 'CreateTime', 'max.message.bytes': '1048588', 'cleanup.policy': 'delete' }
/** Topics of streams stamp the arrival. */
const STREAM = /^stream\./

/** Where this process may not ask for the configuration, it is that of the contract, or Kafka's defaults. Rejects with a KafkaError that can heal otherwise. */
export async function topicSettings(topic: string, kafka: Kafka): Promise<TopicSettings> {
  const configs = { ...DEFAULTS, ...await kafka.admin.topicConfigs(topic).catch((error: unknown) => assumed(topic, error)) }
  return {
    appendTime: configs['message.timestamp.type'] === 'LogAppendTime', maxBatchBytes: Number(configs['max.message.bytes']),
    compacted: configs['cleanup.policy'].split(',').includes('compact'),
  }
}

function assumed(topic: string, error: unknown): Record<string, string> {
  if (!(error instanceof KafkaError) || error.code !== 'not-authorized') throw error
  if (Object.hasOwn(topics, topic)) return topicConfigs(topics[topic as TopicName])
  return STREAM.test(topic) ? { 'message.timestamp.type': 'LogAppendTime' } : {}
}
