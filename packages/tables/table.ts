/**
 * A table is the newest value of each key of a compacted topic. Every replica reads all of it and makes of it
 * what it needs: maps in memory, or decisions.
 */
import type { Codec } from '@weir/codec'
import type { TopicName, ValueOf } from '@weir/contracts'
import {
  type Appender,
  appendRecord,
  encodeValue,
  type Headers,
  type Kafka,
  partitionOfKey,
  writeRecord,
} from '@weir/kafka'
import { backoffMs, pause } from '@weir/timing'
import { type Accept, Follower, type FollowOptions } from '@weir/topics'

/** Bounds of the pause before another look whether transactions have ended (ms). */
const MIN_PAUSE_MS = 2
const MAX_PAUSE_MS = 100

/** A view of a table that a process keeps. */
export interface View<V> {
  /**
   * Takes a change: the new value of a key, or null if the key was removed. The changes of a key come in
   * order. If it throws, the record is left out.
   */
  readonly accept: Accept<V>
  /**
   * Forgets all changes, because the topic was recreated. Without it the view keeps what it has, and the
   * table is not ready any more.
   */
  readonly clear?: () => void
}

export type TableOptions<T extends TopicName> = Omit<FollowOptions<T>, 'from' | 'accept' | 'reset'>

/** Returns the follower that keeps the view up to date once it is started. */
export function materialise<T extends TopicName>(
  options: TableOptions<T>,
  { accept, clear }: View<ValueOf[T]>,
): Follower<T> {
  return new Follower({ ...options, from: 'earliest', accept, ...(clear && { reset: clear }) })
}

export interface Table<T extends TopicName> {
  /**
   * Stores the value of a key, or removes the key if it is null. Resolves when every in-sync replica has it.
   * Rejects with a KafkaError if it is not known to be stored.
   */
  put(key: string, value: ValueOf[T] | null, headers?: Headers): Promise<void>
  /** Like put(), in a transaction. */
  append(out: Appender, key: string, value: ValueOf[T] | null): void
  /** Resolves when all changes that were visible before the call are in the view. */
  catchUp(): Promise<void>
  /**
   * Resolves when the view has all changes that were written before the call, those included whose transaction
   * had not ended yet and is committed; or when the signal aborts. A commit is acknowledged before readers may
   * see it.
   * @param key if given, only the changes in its partition
   */
  settle(signal: AbortSignal, key?: string): Promise<void>
  /** False while later changes may be missing. */
  ready(): boolean
  stop(): Promise<void>
}

/** Resolves when the view has all changes that are in the topic. */
export async function openTable<T extends TopicName>(
  options: TableOptions<T> & { readonly kafka: Kafka; readonly codec: Codec },
  view: View<ValueOf[T]>,
): Promise<Table<T>> {
  const { kafka, codec, topic } = options
  const follower = materialise(options, view)
  const [writer, partitions] = await Promise.all([codec.writer(topic), kafka.partitions(topic)])
  const producer = await kafka.producer()
  const stop = async (): Promise<void> => {
    await follower.stop()
    await producer.stop()
  }
  await follower.catchUp().catch(async (error: unknown) => {
    await stop()
    throw error
  })
  follower.start()

  const recordOf = (key: string, value: ValueOf[T] | null) => ({
    topic,
    partition: partitionOfKey(key, partitions),
    key,
    value: value === null ? null : encodeValue(writer, value),
  })
  return {
    put: async (key, value, headers = {}) => writeRecord(producer, { ...recordOf(key, value), headers }),
    append: (out, key, value) => appendRecord(out, recordOf(key, value)),
    catchUp: () => follower.catchUp(),
    settle: async (signal, key) => {
      const only = key === undefined ? undefined : partitionOfKey(key, partitions)
      const ends = (await kafka.admin.offsets(topic)).filter(
        ({ partition }) => partition === (only ?? partition),
      )
      const behind = (): boolean =>
        ends.some(({ partition, latest }) => follower.position(partition) < latest)
      for (let retry = 0; behind() && !signal.aborted; retry++) {
        await follower.catchUp()
        if (behind()) await pause(backoffMs(retry, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    },
    ready: () => follower.ready,
    stop,
  }
}
