/** A steady load of numbered records that remembers which of them are stored for certain. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kafka, type KafkaErrorCode, partitionFor } from '../index.ts'
import { append } from './records.ts'

/** Milliseconds between deliveries. */
const TICK = 100

export interface Load {
  /** Values that were reported as stored. */
  readonly stored: readonly string[]
  /** Codes of the failures reported. */
  readonly failures: readonly KafkaErrorCode[]
  /** Ends the load. Resolves when every record's outcome is known. */
  stop(): Promise<void>
}

/**
 * Sends `perSecond` records over `keys` keys. After a failure, a key continues as a client would: not before
 * the failed delivery is settled.
 */
export async function startLoad(kafka: Kafka, topic: string, keys: number, perSecond: number): Promise<Load> {
  const partitions = await kafka.partitions(topic)
  const producer = await kafka.producer()
  const stored: string[] = []
  const failures: KafkaErrorCode[] = []
  const pending = new Set<Promise<void>>()
  let next = 0
  let running = true

  const tick = async (): Promise<void> => {
    const delivery = producer.delivery()
    const sent = new Map<number, string[]>()
    for (const until = next + (perSecond * TICK) / 1000; next < until; next++) {
      const key = `key-${next % keys}`
      const partition = partitionFor(Buffer.from(key), 0, key.length, partitions)
      const value = `${key}:${Math.floor(next / keys)}`
      append(delivery, topic, partition, key, value)
      const mine = sent.get(partition)
      if (mine === undefined) sent.set(partition, [value])
      else mine.push(value)
    }
    for (const { partition, fromIndex, error } of await delivery.settled()) {
      failures.push(error.code)
      sent.get(partition)!.length = fromIndex
    }
    for (const values of sent.values()) stored.push(...values)
  }
  const loop = (async () => {
    while (running) {
      const one = tick()
      pending.add(one)
      void one.finally(() => pending.delete(one))
      await sleep(TICK)
    }
  })()
  return {
    stored,
    failures,
    async stop() {
      if (!running) return
      running = false
      await loop
      await Promise.all(pending)
      await producer.stop()
    },
  }
}
