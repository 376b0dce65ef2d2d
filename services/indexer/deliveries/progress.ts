/** How far each delivery stream is in each partition of its source, in a compacted topic. */
import type { Codec } from '@weir/codec'
import type { DeliveryProgress } from '@weir/contracts'
import type { Appender, Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { openTable } from '@weir/tables'

const TOPIC = 'weir.deliveries.progress'
/**
 * How long read() waits for transactions that have not ended. The coordinator aborts those of a process that
 * died after 15 s.
 */
const MAX_WAIT_MS = 20_000

export interface AllProgress {
  /**
   * Resolves to the progress as the last transaction about the partition left it; undefined if there was none.
   * Rejects if that cannot be known now, or when the signal aborts.
   */
  read(id: string, partition: number, signal: AbortSignal): Promise<DeliveryProgress | undefined>
  /** Writes the progress in a transaction. */
  append(out: Appender, progress: DeliveryProgress): void
  /** The progress of all delivery streams, as far as this replica knows. */
  all(): Iterable<DeliveryProgress>
  /** Removes the progress of a delivery stream that no longer exists. */
  remove(id: string): Promise<void>
  /** False while progress may be missing here. */
  ready(): boolean
}

export interface ProgressOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export async function openProgress(options: ProgressOptions): Promise<Resource<AllProgress>> {
  const stored = new Map<string, DeliveryProgress>()
  const table = await openTable(
    { ...options, topic: TOPIC, reader: 'deliveries' },
    {
      accept: ({ key, value }) => {
        if (value === null) stored.delete(key)
        else stored.set(key, checked(key, value))
      },
      clear: () => stored.clear(),
    },
  )
  const value: AllProgress = {
    async read(id, partition, signal) {
      const key = keyOf(id, partition)
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MS)])
      await table.settle(waiting, key)
      if (waiting.aborted) throw new Error(`A transaction in ${TOPIC} has not ended yet.`)
      return stored.get(key)
    },
    append: (out, progress) => table.append(out, keyOf(progress.id, progress.partition), progress),
    all: () => stored.values(),
    async remove(id) {
      await table.settle(AbortSignal.timeout(MAX_WAIT_MS))
      const keys = [...stored].flatMap(([key, progress]) => (progress.id === id ? key : []))
      await Promise.all(keys.map((key) => table.put(key, null)))
    },
    ready: () => table.ready(),
  }
  return { value, stop: () => table.stop() }
}

const keyOf = (id: string, partition: number): string => `${id}/${partition}`

/** Throws if the record cannot be the progress of its key: on a broker without logins anybody can write one. */
function checked(key: string, progress: DeliveryProgress): DeliveryProgress {
  const { id, partition, next, objects, ahead } = progress
  if (key !== keyOf(id, partition)) throw new Error('The progress is stored under the key of another one.')
  const decided = new Map<string, number>()
  for (const { part, from, to, records } of objects) {
    if (from < (decided.get(part) ?? 0) || to <= from || records < 1 || records > to - from)
      throw new Error('The objects of the progress are out of order.')
    decided.set(part, to)
  }
  const nextOf = new Map(ahead.map((one) => [one.part, one.next]))
  for (const [part, to] of decided)
    if ((nextOf.get(part) ?? next) < to) throw new Error('The progress is behind its objects.')
  return progress
}
