/**
 * Tracks whether the handler of a consumer group's member accepts its batches: the broker port repeats a
 * batch while its handler rejects.
 */
import type { RecordBatch, Subscription } from '@weir/kafka'

type Handler<R> = (batch: RecordBatch, signal: AbortSignal) => Promise<R>

export class HandlerHealth {
  readonly #failing = new Set<string>()

  /** Wraps the handler, to note for each partition whether it rejects. */
  watch<R>(handler: Handler<R>): Handler<R> {
    return async (batch, signal) => {
      try {
        const result = await handler(batch, signal)
        this.#failing.delete(keyOf(batch))
        return result
      } catch (error) {
        this.#failing.add(keyOf(batch))
        throw error
      }
    }
  }

  /** True while the member is in its group and no partition assigned to it waits behind a rejected batch. */
  ready(subscription: Pick<Subscription, 'ready' | 'assignments'>): boolean {
    return (
      subscription.ready() &&
      !subscription.assignments().some((assigned) => this.#failing.has(keyOf(assigned)))
    )
  }
}

const keyOf = ({ topic, partition }: Pick<RecordBatch, 'topic' | 'partition'>): string =>
  `${topic}/${partition}`
