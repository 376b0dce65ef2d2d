/** Reads messages again by their places, for deliveries that were retried later. */
import type { Codec } from '@weir/codec'
import { type Kafka, KafkaError } from '@weir/kafka'
import { openRecords, type WarnLog } from '@weir/topics'
import { type StoredMessage, storedMessage } from './delivery.ts'

const TOPIC = 'weir.notifications'
/** Retries of messages that were published together come together, so what is near them is kept. */
const FETCH_BYTES = 256 << 10
const MAX_CACHED_BYTES = 16 << 20

export interface Messages {
  /** Resolves to undefined if the message is no longer in the topic. */
  get(partition: number, offset: number): Promise<StoredMessage | undefined>
}

export async function openMessages(kafka: Kafka, codec: Codec, log: WarnLog): Promise<Messages> {
  const records = await openRecords({ codec, topic: TOPIC, reader: 'messages', log })
  /** The least recently used come first. */
  const cached = new Map<string, StoredMessage>()
  /** The last fetch of each partition: the next one may find its message near this one's. */
  const fetching = new Map<number, Promise<unknown>>()
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
        const message = storedMessage(record.value, partition, record.offset)
        if (record.offset === offset) wanted = message
        keep(message)
      })
      return wanted
    } catch (error) {
      if (error instanceof KafkaError && error.code === 'out-of-range') return undefined
      throw error
    }
  }

  const find = (partition: number, offset: number): StoredMessage | undefined => {
    const key = `${partition}/${offset}`
    const found = cached.get(key)
    if (found === undefined) return undefined
    cached.delete(key)
    cached.set(key, found)
    return found
  }

  return {
    async get(partition, offset) {
      const before = fetching.get(partition) ?? Promise.resolve()
      const mine = before
        .catch(() => {})
        .then(async () => find(partition, offset) ?? (await fetch(partition, offset)))
      fetching.set(partition, mine)
      return mine
    },
  }
}
