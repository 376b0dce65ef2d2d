/** Topics of Kafka whose names begin with `notification.`: receivers, and targets of dead letters. */
import { HEADERS } from '@weir/contracts'
import { type Kafka, KafkaError, type Producer, partitionOfKey, writeRecord } from '@weir/kafka'
import { kafkaTopicIn } from '../../notifications/kafka-endpoint.ts'
import type { Answer } from '../delivery.ts'
import type { Envelopes } from '../envelope.ts'
import { MANAGED_POLICY } from '../schedule.ts'
import { UNCONFIRMED } from './answers.ts'
import { bodyOf, keyOf, type MessageDelivery } from './body.ts'
import type { Receiver } from './receiver.ts'
import { DELIVERED } from './sdk.ts'

export interface KafkaTopics {
  /** Writes a message, with its attributes as headers. Never rejects. */
  send(endpoint: string, delivery: MessageDelivery): Promise<Answer>
}

export interface KafkaTopicsOptions {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly envelopes: Envelopes
}

/** Headers of attributes begin with this, so that they cannot be taken for Weir's own. */
const ATTRIBUTE = 'sns-'

export function kafkaTopics({ kafka, producer, envelopes }: KafkaTopicsOptions): KafkaTopics {
  const write = async (topic: string, delivery: MessageDelivery): Promise<void> => {
    const key = keyOf(delivery)
    await writeRecord(producer, {
      topic,
      partition: partitionOfKey(key, await kafka.partitions(topic)),
      key,
      value: Buffer.from(await bodyOf(delivery, envelopes)),
      headers: { ...attributeHeaders(delivery), [HEADERS.id]: delivery.messageId, [HEADERS.source]: 'sns' },
    })
  }

  return {
    async send(endpoint, delivery) {
      try {
        await write(kafkaTopicIn(endpoint)!, delivery)
        return DELIVERED
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        const isFinal = !error.retriable && error.code !== 'unknown-topic'
        return { verdict: isFinal ? 'dead' : 'retry', status: error.code, text: error.message }
      }
    },
  }
}

export function kafkaReceiver(topics: KafkaTopics): Receiver {
  return {
    async deliver({ message, ...delivery }) {
      if (message === undefined) return UNCONFIRMED
      return topics.send(delivery.subscription.endpoint, { ...delivery, message })
    },
    terms: () => ({ policy: MANAGED_POLICY, maxPerSecond: undefined }),
  }
}

/** Rejects with a KafkaError if that is not known. */
export async function isTopic(kafka: Kafka, name: string): Promise<boolean> {
  try {
    await kafka.partitions(name)
    return true
  } catch (error) {
    if (error instanceof KafkaError && error.code === 'unknown-topic') return false
    throw error
  }
}

function attributeHeaders({ message: { value } }: MessageDelivery): Record<string, string | Buffer> {
  return Object.fromEntries(
    value.attributes.map(({ name, text, bytes }) => [`${ATTRIBUTE}${name}`, text ?? bytes ?? '']),
  )
}
