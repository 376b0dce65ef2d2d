/** Follows a topic without a group: every replica reads all of it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Codec, Reader } from '@weir/codec'
import type { TopicName, ValueOf } from '@weir/contracts'
import { keyOf, type Kafka, type Reading, type RecordBatch } from '@weir/kafka'
import type { Logger } from '@weir/service'

export interface FollowOptions<T extends TopicName> {
  readonly kafka: Pick<Kafka, 'read'>
  readonly codec: Pick<Codec, 'reader'>
  readonly log: Logger
  readonly topic: T
  readonly from: 'earliest' | 'latest'
}

export interface FollowedRecord<V> {
  readonly key: string
  /** null: a tombstone. */
  readonly value: V | null
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/**
 * Calls `accept` for every record. Reads again from `from` after whatever fails, with a growing pause, so `accept` may meet a record twice.
 * A record that cannot be decoded is left out: pages show what can be shown.
 */
export function followTopic<T extends TopicName>(
  { kafka, codec, log, topic, from }: FollowOptions<T>, accept: (record: FollowedRecord<ValueOf[T]>) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  let reading: Reading | undefined
  let undecodable = 0

  const handle = async (reader: Reader<ValueOf[T]>, batch: RecordBatch): Promise<void> => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++) {
      const key = keyOf(batch, i)?.toString() ?? ''
      try {
        accept({ key, value: batch.valueStart[i] < 0 ? null : reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) })
      } catch (error) {
        if (undecodable++ === 0) log.warn({ err: error, topic, partition: batch.partition, offset: batch.offsets[i] }, 'the pages leave out records that they cannot read')
      }
    }
  }

  const readOnce = async (): Promise<void> => {
    const reader = await codec.reader(topic)
    reading = await kafka.read({ topics: [topic], from, until: 'stopped' }, (batch) => handle(reader, batch))
    if (stopping.signal.aborted) await reading.stop()
    await reading.done
  }

  const follow = async (): Promise<void> => {
    for (let wait = FIRST_PAUSE_MS; !stopping.signal.aborted; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        await readOnce()
      } catch (error) {
        if (wait === FIRST_PAUSE_MS) log.warn({ err: error, topic }, 'the pages cannot read this topic; trying again until it works')
      }
      await pause(wait, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  const following = follow()
  return {
    stop: async () => {
      stopping.abort()
      await reading?.stop()
      await following
    },
  }
}
