/** Whether a member of a consumer group gets on: the broker port hands a batch over again and again while its handler rejects. */
import type { RecordBatch, Subscription } from '@weir/kafka'

export class Standing {
  readonly #partitions = new Set<string>()

  /** The handler, watched. */
  watch<R>(handler: (batch: RecordBatch, signal: AbortSignal) => Promise<R>): (batch: RecordBatch, signal: AbortSignal) => Promise<R> {
    return async (batch, signal) => {
      const partition = `${batch.topic}/${batch.partition}`
      try {
        const result = await handler(batch, signal)
        this.#partitions.delete(partition)
        return result
      } catch (error) {
        this.#partitions.add(partition)
        throw error
      }
    }
  }

  /** True while the member is in its group and the newest batch of none of its partitions was rejected. */
  ready(subscription: Pick<Subscription, 'ready' | 'assignments'>): boolean {
    return subscription.ready() && !subscription.assignments().some(({ topic, partition }) => this.#partitions.has(`${topic}/${partition}`))
  }
}
