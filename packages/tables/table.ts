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
import { type Accept, Follower, type FollowOptions } from '@weir/topics'

/** What a process makes of a table. */
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
  /** The offset after the last change of the partition that is in the view. */
  position(partition: number): number
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
    position: (partition) => follower.position(partition),
    ready: () => follower.ready,
    stop,
  }
}
