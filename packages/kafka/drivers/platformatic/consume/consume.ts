/** At least once: the offset is committed after the handler has settled, and what it left open is done. */
import type { ConsumeHandler, RecordBatch } from '../../../port.ts'
import { DoneInOrder } from '../../done-in-order.ts'
import { keyOf } from '../groups/membership.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { Committer } from './committer.ts'
import { startOffset } from './offsets.ts'
import type { GroupContext } from './subscription.ts'
import type { Processing } from './worker.ts'

export function atLeastOnce(handler: ConsumeHandler) {
  return (context: GroupContext): Processing => new AtLeastOnce(context, handler)
}

class AtLeastOnce implements Processing {
  readonly #context: GroupContext
  readonly #handler: ConsumeHandler
  /** By partition. */
  readonly #open = new Map<string, DoneInOrder>()
  #committer: Committer | undefined

  constructor(context: GroupContext, handler: ConsumeHandler) {
    this.#context = context
    this.#handler = handler
  }

  async begin(at: TopicPartition, signal: AbortSignal): Promise<number> {
    const { cluster, options, committed } = this.#context
    this.#commits.forget(at)
    this.#open.set(keyOf(at), new DoneInOrder())
    const offset = await committed.read(at, signal)
    if (offset >= 0) return offset
    const start = await startOffset(cluster, at, options.startAt, signal)
    // With `latest`, what arrives from now on must be read even if this process dies before its first batch.
    this.#commits.mark(at, start)
    return start
  }

  notBefore(): number {
    return 0
  }

  async process(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const ongoing = batch.length > 0 ? await this.#handler(batch, signal) : undefined
    const { topic, partition, nextOffset } = batch
    this.#open.get(keyOf(batch))!.add(ongoing, () => {
      if (!signal.aborted) this.#commits.mark({ topic, partition }, nextOffset)
    })
  }

  /** Everything below the position was handled: the rejected batch is the next one. */
  async recover(_at: TopicPartition, position: number): Promise<number> {
    return position
  }

  async settled(at: TopicPartition): Promise<void> {
    await this.#open.get(keyOf(at))?.settled()
  }

  async finish(at: TopicPartition, position: number): Promise<void> {
    if (this.#open.get(keyOf(at))?.idle) this.#commits.mark(at, position)
    await this.#commits.flush()
  }

  get #commits(): Committer {
    const { cluster, options } = this.#context
    return this.#committer ??= new Committer(cluster, options.groupId, this.#context.membership(), (error) => this.#context.failed(error))
  }
}
