/** The states of a task's keys, in the partitions of a compacted topic. */
import type { Codec, Reader, Writer } from '@weir/codec'
import type { TopicName, ValueOf } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { Memory, StateConfig } from './config.ts'
import { removeOld } from './disk.ts'
import { KeyedState } from './keyed-state.ts'
import { Standby } from './standby.ts'
import type { Timers } from './timers.ts'

export interface StateStore<V> {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly topic: string
  readonly reader: Reader<V>
  readonly writer: Writer<V>
  readonly timers: (value: V) => Timers
  readonly maxKeys: number
  readonly dir: string
  readonly memory: Memory
  /** If given, it follows the partitions that this process does not own. */
  readonly standby?: Standby<V>
  readonly log: Logger
}

export interface StateStoreOptions<T extends TopicName> {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly config: StateConfig
  /** The changelog. It must have as many partitions as the task's input. */
  readonly topic: T
  /** Returns when a key with this state is due. */
  readonly timers: (value: ValueOf[T]) => Timers
  /** The most keys of a partition that may have a state. Those of one turn may exceed it until they are put. */
  readonly maxKeys: number
  readonly log: Logger
}

/**
 * Resolves to a function that returns the states of a partition, which begin empty: `begin()` reads them. Removes old
 * copies from disk. Must be stopped after the tasks, and before Kafka.
 */
export async function openStateStore<T extends TopicName>(
  options: StateStoreOptions<T>,
): Promise<Resource<(partition: number) => KeyedState<ValueOf[T]>>> {
  const {
    codec,
    topic,
    config: { dir, memory, isStandby },
    ...rest
  } = options
  try {
    removeOld(dir, topic)
  } catch (error) {
    options.log.warn({ err: error, topic }, 'old copies of states cannot be removed from disk')
  }
  const [reader, writer] = await Promise.all([codec.reader(topic), codec.writer(topic)])
  // What this process writes leaves memory, and is decoded again, before any of it was read from Kafka.
  await codec.resolve(writer.schemaId)
  const store: StateStore<ValueOf[T]> = { ...rest, codec, topic, reader, writer, dir, memory }
  const standby = isStandby ? new Standby(store) : undefined
  return {
    value: (partition) => new KeyedState({ ...store, ...(standby && { standby }) }, partition),
    stop: async () => standby?.stop(),
  }
}
