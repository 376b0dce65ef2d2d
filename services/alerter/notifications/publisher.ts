/** Stores messages, each as one record. Those that belong to incidents are for the incident's owner. */
import { randomUUID } from 'node:crypto'
import type { Codec } from '@weir/codec'
import { HEADERS, type Notification } from '@weir/contracts'
import {
  appendValue,
  encodeValue,
  type Kafka,
  type KafkaError,
  type Producer,
  partitionOfKey,
  writeRecord,
} from '@weir/kafka'
import { alertIn } from '../incidents/attributes.ts'
import { identityOf } from '../incidents/incident.ts'
import { ALERTS } from '../incidents/incident-task.ts'
import { isFifo, type Subscription, type Topic } from './entries.ts'

export type MessageAttribute = Notification['attributes'][number]

/** A message that was checked. */
export interface Message {
  readonly topic: Topic
  /** The phone number or the endpoint that gets the message instead of a topic's subscriptions. */
  readonly target: string | null
  readonly message: string
  readonly subject: string | null
  /** Whether the message is a JSON object with a text for each protocol. */
  readonly perProtocol: boolean
  readonly attributes: MessageAttribute[]
  readonly groupId: string | null
  readonly deduplicationId: string | null
  /** For AWS X-Ray; null if the publisher does not trace. */
  readonly traceHeader: string | null
}

export interface Published {
  readonly messageId: string
  /** Twenty digits that grow with each message of a group. FIFO topics only. */
  readonly sequenceNumber: string | undefined
}

export interface Publisher {
  /**
   * Resolves when each message is stored on all in-sync replicas or has failed, in the order of the messages;
   * never rejects. A message that failed may have been stored nevertheless.
   */
  publish(messages: readonly Message[], client: string): Promise<(Published | KafkaError)[]>
  /**
   * Asks the receiver of a subscription to confirm it, or tells it that the subscription ended. Resolves when
   * the request is stored; rejects with a KafkaError if it is not known to be stored.
   */
  requestConfirmation(subscription: Subscription): Promise<void>
}

const TOPIC = 'weir.notifications'
const DUE = 'weir.notifications.due'

export async function openPublisher({
  kafka,
  codec,
  producer,
}: {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
}): Promise<Publisher> {
  const [writer, dueWriter, alertWriter, partitions, alertPartitions] = await Promise.all([
    codec.writer(TOPIC),
    codec.writer(DUE),
    codec.writer(ALERTS),
    kafka.partitions(TOPIC),
    kafka.partitions(ALERTS),
  ])
  const unordered = sharedPartition(partitions)
  return {
    async requestConfirmation({ id, topic }) {
      const value = encodeValue(dueWriter, {
        subscription: id,
        topic,
        messageId: randomUUID(),
        partition: -1,
        offset: -1,
        attempts: 0,
        dueAt: Date.now(),
        deadLetter: false,
      })
      await writeRecord(producer, { topic: DUE, partition: homeOf(id, partitions), key: id, value })
    },

    async publish(messages, client) {
      const delivery = producer.delivery()
      const publishedAt = Date.now()
      /** The number of appends to each partition, by which the delivery reports failures and offsets. */
      const appended = { [TOPIC]: new Map<number, number>(), [ALERTS]: new Map<number, number>() }
      const sent = messages.map((message) => {
        const messageId = randomUUID()
        const incident = incidentOf(message)
        const key = incident ?? keyOf(message)
        const kafkaTopic = incident === null ? TOPIC : ALERTS
        const partition =
          key === null ? unordered() : partitionOfKey(key, incident === null ? partitions : alertPartitions)
        const index = appended[kafkaTopic].get(partition) ?? 0
        appended[kafkaTopic].set(partition, index + 1)
        const value = notificationOf(message, messageId, publishedAt)
        const headers = {
          [HEADERS.id]: repeatIdOf(message) ?? messageId,
          [HEADERS.source]: 'sns',
          [HEADERS.client]: client,
        }
        const record = { topic: kafkaTopic, partition, key, headers }
        appendValue(delivery, incident === null ? writer : alertWriter, value, record)
        return { messageId, kafkaTopic, partition, index, isFifo: isFifo(message.topic.name) }
      })
      const failures = await delivery.settled()
      const ranges = delivery.stored()
      return sent.map(({ messageId, kafkaTopic, partition, index, isFifo }) => {
        const failure = failures.find(
          (one) => one.topic === kafkaTopic && one.partition === partition && index >= one.fromIndex,
        )
        if (failure !== undefined) return failure.error
        if (!isFifo) return { messageId, sequenceNumber: undefined }
        const range = ranges.find(
          (one) => one.partition === partition && index >= one.fromIndex && index < one.fromIndex + one.count,
        )
        return {
          messageId,
          sequenceNumber: sequenceNumber((range?.offset ?? -1) + index - (range?.fromIndex ?? 0)),
        }
      })
    },
  }
}

/**
 * Chooses the partition of messages without an order: one at random in each turn of the event loop. Messages of
 * all requests that are read together then become one record batch instead of one for each partition.
 */
function sharedPartition(partitions: number): () => number {
  let chosen: number | undefined
  return () => {
    if (chosen === undefined) {
      chosen = Math.floor(Math.random() * partitions)
      setImmediate(() => {
        chosen = undefined
      })
    }
    return chosen
  }
}

/** Names each member: a spread would make an object of another shape, which takes longer to encode. */
function notificationOf(from: Message, messageId: string, publishedAt: number): Notification {
  return {
    messageId,
    topic: from.topic.name,
    topicId: from.topic.id,
    target: from.target,
    message: from.message,
    subject: from.subject,
    perProtocol: from.perProtocol,
    attributes: from.attributes,
    groupId: from.groupId,
    deduplicationId: from.deduplicationId,
    traceHeader: from.traceHeader,
    publishedAt,
    subscription: null,
  }
}

/** The partition of the request to confirm a subscription, which has no message. */
export function homeOf(subscription: string, partitions: number): number {
  return Number.parseInt(subscription.slice(0, 8), 16) % partitions
}

/** The key of a message that belongs to an incident; null for others. FIFO topics have no incidents. */
function incidentOf({ topic, target, attributes }: Message): string | null {
  if (attributes.length === 0 || target !== null || isFifo(topic.name)) return null
  const alert = alertIn(attributes)
  return alert === undefined ? null : identityOf({ topic: topic.name, key: alert.key })
}

/**
 * Messages with the same key keep their order, and are compared with each other for repeated ids. Null for
 * messages of standard topics, which have no order.
 */
function keyOf({ topic, groupId }: Message): string | null {
  if (!isFifo(topic.name)) return null
  return isPerGroup(topic) ? `${topic.name}/${groupId}` : topic.name
}

/** Messages with the same id within five minutes are one message. Null for those of standard topics. */
function repeatIdOf({ topic, groupId, deduplicationId }: Message): string | null {
  if (deduplicationId === null) return null
  return `${topic.id}/${isPerGroup(topic) ? groupId : ''}/${deduplicationId}`
}

const isPerGroup = ({ attributes }: Topic): boolean =>
  attributes.FifoThroughputScope?.toLowerCase() === 'messagegroup'

/** @param offset of the message in its partition */
export function sequenceNumber(offset: number): string {
  return `1${String(offset).padStart(19, '0')}`
}
