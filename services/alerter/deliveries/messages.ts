/** Reads messages again by their places, for deliveries that were retried later. */
import type { Codec } from '@weir/codec'
import { type Kafka, KafkaError } from '@weir/kafka'
import { openRecords, type WarnLog } from '@weir/topics'
import type { StoredMessage } from './delivery.ts'

const TOPIC = 'weir.notifications'
/** Retries of messages that were published together come together, so what is near them is kept. */
const FETCH_BYTES = 256 << 10
const MAX_CACHED_BYTES = 16 << 20
/** Bytes of a message in memory besides its texts. */
const OVERHEAD_BYTES = 512

export interface Messages {
  /** Resolves to undefined if the message is no longer in the topic. */
  get(partition: number, offset: number): Promise<StoredMessage | undefined>
}

export async function openMessages(kafka: Kafka, codec: Codec, log: WarnLog): Promise<Messages> {
  const records = await openRecords({ codec, topic: TOPIC, reader: 'messages', log })
  /** The least recently used come first. */
  const cached = new Map<string, StoredMessage>()
  const fetching = new Map<string, Promise<StoredMessage | undefined>>()
  let cachedBytes = 0

  const keep = (message: StoredMessage): void => {
    const key = `${message.partition}/${message.offset}`
    if (cached.has(key)) return
    cached.set(key, message)
    cachedBytes += message.bytes
    for (const [oldest, { bytes }] of cached) {
      if (cachedBytes <= MAX_CACHED_BYTES) return
      cached.delete(oldest)
      cachedBytes -= bytes
    }
  }

  const fetch = async (partition: number, offset: number): Promise<StoredMessage | undefined> => {
    try {
      const batch = await kafka.fetch(TOPIC, partition, offset, FETCH_BYTES)
      let wanted: StoredMessage | undefined
      await records.prepare(batch)
      records.each(batch, (record) => {
        if (record.value === null) return
        const bytes = batch.bytes.length / Math.max(1, batch.length) + OVERHEAD_BYTES
        const message = { value: record.value, partition, offset: record.offset, bytes }
        if (record.offset === offset) wanted = message
        keep(message)
      })
      return wanted
    } catch (error) {
      if (error instanceof KafkaError && error.code === 'out-of-range') return undefined
      throw error
    }
  }

  return {
    async get(partition, offset) {
      const key = `${partition}/${offset}`
      const found = cached.get(key)
      if (found !== undefined) {
        cached.delete(key)
        cached.set(key, found)
        return found
      }
      const pending = fetching.get(key) ?? fetch(partition, offset).finally(() => fetching.delete(key))
      fetching.set(key, pending)
      return pending
    },
  }
}
