/**
 * The deliveries that an earlier owner of a partition finished after the offset that it committed. Without
 * them, its heir would repeat these.
 */
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import { openRecords, type WarnLog } from '@weir/topics'

const TOPIC = 'weir.notifications.attempts'
/** An attempt is recorded after its cause, by another broker's clock perhaps. */
const CLOCK_SKEW_MS = 60_000

export class Finished {
  readonly #subscriptions = new Map<number, Set<string>>()
  #last = -1

  add(cause: number, subscription: string): void {
    const found = this.#subscriptions.get(cause) ?? new Set()
    this.#subscriptions.set(cause, found.add(subscription))
    this.#last = Math.max(this.#last, cause)
  }

  /** Returns whether the delivery that this record causes is finished. */
  has(cause: number, subscription: string): boolean {
    return this.#subscriptions.get(cause)?.has(subscription) ?? false
  }

  /** Forgets what belongs to records before this offset. */
  passed(offset: number): void {
    if (this.#subscriptions.size > 0 && offset > this.#last) this.#subscriptions.clear()
  }
}

export type ReadFinished = (
  at: { readonly partition: number; readonly retry: boolean },
  from: { readonly offset: number; readonly timestamp: number },
  signal: AbortSignal,
) => Promise<Finished>

export async function openFinished(kafka: Kafka, codec: Codec, log: WarnLog): Promise<ReadFinished> {
  const records = await openRecords({ codec, topic: TOPIC, reader: 'finished', log })
  return async ({ partition, retry }, { offset, timestamp }, signal) => {
    const finished = new Finished()
    const reading = await kafka.read(
      {
        topics: [TOPIC],
        partitions: [partition],
        from: { timestamp: timestamp - CLOCK_SKEW_MS },
        until: 'end',
      },
      async (batch) => {
        await records.prepare(batch)
        records.each(batch, ({ value }) => {
          if (value !== null && value.retry === retry && value.cause >= offset)
            finished.add(value.cause, value.subscription)
        })
      },
    )
    const stop = (): void => void reading.stop()
    signal.addEventListener('abort', stop)
    await reading.done.finally(() => signal.removeEventListener('abort', stop))
    return finished
  }
}
