/** A task's state of each key, in a compacted topic that is changed in the task's transactions. */
import type { Codec } from '@weir/codec'
import type { TopicName, ValueOf } from '@weir/contracts'
import { type Appender, type Kafka, partitionOfKey } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { openTable } from '@weir/tables'

/**
 * How long of() waits for transactions that have not ended. The coordinator aborts those of a process that died
 * after 15 s.
 */
const MAX_WAIT_MS = 20_000

export interface States<T extends TopicName> {
  /** All states, of every partition. */
  readonly all: ReadonlyMap<string, ValueOf[T]>
  /**
   * Resolves to the states of a partition as the last transaction about it left them. Rejects if they cannot be
   * known now, or when the signal aborts.
   */
  of(partition: number, signal: AbortSignal): Promise<Map<string, ValueOf[T]>>
  /** Writes a state in a transaction; null forgets it. */
  append(out: Appender, key: string, value: ValueOf[T] | null): void
  /** Resolves when all states that were visible before the call are known here. */
  catchUp(): Promise<void>
  ready(): boolean
  stop(): Promise<void>
}

export interface StatesOptions<T extends TopicName> {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly topic: T
  readonly log: Logger
  /** Throws for a value that cannot be stored under the key: on a broker without logins anybody can write one. */
  readonly check: (value: ValueOf[T], key: string) => void
  /** Called for each change; undefined: there is no state before, or after. */
  readonly changed?: (before: ValueOf[T] | undefined, after: ValueOf[T] | undefined) => void
}

export async function openStates<T extends TopicName>(options: StatesOptions<T>): Promise<States<T>> {
  const { kafka, codec, topic, log, check, changed } = options
  const all = new Map<string, ValueOf[T]>()
  const table = await openTable(
    { kafka, codec, topic, reader: 'states', log },
    {
      accept: ({ key, value }) => {
        if (value !== null) check(value, key)
        changed?.(all.get(key), value ?? undefined)
        if (value === null) all.delete(key)
        else all.set(key, value)
      },
      clear: () => {
        for (const value of all.values()) changed?.(value, undefined)
        all.clear()
      },
    },
  )
  const partitions = await kafka.partitions(topic)
  return {
    all,
    async of(partition, signal) {
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MS)])
      await table.settle(waiting)
      if (waiting.aborted) throw new Error(`A transaction in ${topic} has not ended yet.`)
      return new Map([...all].filter(([key]) => partitionOfKey(key, partitions) === partition))
    },
    append: (out, key, value) => table.append(out, key, value),
    catchUp: () => table.catchUp(),
    ready: () => table.ready(),
    stop: () => table.stop(),
  }
}
