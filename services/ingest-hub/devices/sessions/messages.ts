/** Messages as records of weir.devices.messages, the queue of every session. */
import type { Writer } from '@weir/codec'
import type { DeviceMessage as MessageRecord } from '@weir/contracts'
import { encodeHeaders, encodeValue, type Headers, type Producer, partitionOfKey } from '@weir/kafka'
import type { Taker } from '../devices.ts'
import type { DeviceMessage, MessageProperties } from '../message.ts'
import type { SessionTable } from './table.ts'

export const MESSAGES = 'weir.devices.messages'
const NO_HEADERS: Headers = {}

export interface SubscriberOptions {
  readonly table: SessionTable
  readonly producer: Producer
  readonly writer: Writer<MessageRecord>
  readonly partitions: number
}

/** Stores messages that any subscription matches. The messages of a client stay in order. */
export function subscribers({ table, producer, writer, partitions }: SubscriberOptions): Taker {
  const headers = encodeHeaders(NO_HEADERS)
  return (messages) => {
    const wanted = messages.map(({ topic }) => table.isWanted(topic))
    if (!wanted.includes(true)) return undefined
    const delivery = producer.delivery()
    for (const [i, message] of messages.entries()) {
      if (!wanted[i]) continue
      const key = Buffer.from(message.clientId ?? message.topic)
      const value = encodeValue(writer, recordOf(message))
      const partition = partitionOfKey(key, partitions)
      delivery.append(
        MESSAGES,
        partition,
        key,
        0,
        key.length,
        value,
        0,
        value.length,
        headers,
        0,
        headers.length,
      )
    }
    return delivery.settled().then(([failure]) => wanted.map((is) => (is ? failure?.error : undefined)))
  }
}

export function recordOf({
  topic,
  payload,
  qos,
  clientId,
  receivedAt,
  properties,
  retain = false,
}: DeviceMessage): MessageRecord {
  return {
    topic,
    payload,
    qos,
    clientId: clientId ?? null,
    receivedAt,
    properties: properties === undefined ? null : textOf(properties),
    retain,
  }
}

const textOf = ({ correlationData, ...others }: MessageProperties): string =>
  JSON.stringify({
    ...others,
    ...(correlationData !== undefined && { correlationData: correlationData.toString('base64') }),
  })

/** A message as a session sends it on. */
export interface StoredMessage extends Omit<MessageRecord, 'properties'> {
  readonly properties: MessageProperties | undefined
}

/** Returns undefined if the message has expired. */
export function messageOf(
  { properties: text, ...record }: MessageRecord,
  now: number,
): StoredMessage | undefined {
  if (text === null) return { ...record, properties: undefined }
  const { correlationData, ...others } = JSON.parse(text)
  const properties: MessageProperties = {
    ...others,
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData, 'base64') }),
  }
  const { messageExpiryInterval: seconds } = properties
  if (seconds === undefined) return { ...record, properties }
  const left = seconds - Math.floor((now - record.receivedAt) / 1000)
  if (left <= 0) return undefined
  return { ...record, properties: { ...properties, messageExpiryInterval: left } }
}
