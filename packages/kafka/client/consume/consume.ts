/**
 * At least once: an offset is committed after the handler has settled and the work that it left open is done.
 */
import type { ConsumeHandler, RecordBatch } from '../../port.ts'
import { isForHandlers } from '../../unreadable.ts'
import { DoneInOrder } from '../done-in-order.ts'
import { keyOf } from '../groups/membership.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { Before, Beginning } from '../topic-ids.ts'
import { Committer } from './committer.ts'
import type { GroupContext } from './subscription.ts'
import type { Processing } from './worker.ts'

export function atLeastOnce(handler: ConsumeHandler) {
  return (context: GroupContext): Processing => new AtLeastOnce(context, handler)
}

interface State {
  readonly topicId: string
  readonly open: DoneInOrder
}

class AtLeastOnce implements Processing {
  readonly #context: GroupContext
  readonly #handler: ConsumeHandler
  /** The state of each partition since it began. */
  readonly #states = new Map<string, State>()
  #committer: Committer | undefined

  constructor(context: GroupContext, handler: ConsumeHandler) {
    this.#context = context
    this.#handler = handler
  }

  async begin(at: TopicPartition, before: Before | undefined, signal: AbortSignal): Promise<Beginning> {
    const { topic, partition } = at
    this.#commits.forget(at)
    this.#states.delete(keyOf(at))
    const beginning = await this.#context.beginning(at, before, signal, () =>
      this.#context.committed.read(at, signal),
    )
    const { topicId, position, commit } = beginning
    this.#states.set(keyOf(at), { topicId, open: new DoneInOrder() })
    if (commit) this.#commits.mark({ topic, partition, topicId, offset: position })
    return beginning
  }

  notBefore(): number {
    return 0
  }

  async process(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const state = this.#states.get(keyOf(batch))!
    const ongoing = isForHandlers(batch) ? await this.#handler(batch, signal) : undefined
    const { topic, partition, nextOffset } = batch
    state.open.add(ongoing, () => {
      const here = !signal.aborted && this.#states.get(keyOf(batch)) === state
      if (here) this.#commits.mark({ topic, partition, topicId: state.topicId, offset: nextOffset })
    })
  }

  /** Everything below the position was handled, so the rejected batch is the next one. */
  async recover(_at: TopicPartition, position: number): Promise<number> {
    return position
  }

  async settled(at: TopicPartition): Promise<void> {
    await this.#states.get(keyOf(at))?.open.settled()
  }

  async finish(at: TopicPartition, position: number): Promise<void> {
    const state = this.#states.get(keyOf(at))
    const { topic, partition } = at
    if (state === undefined || !(await this.#context.stillIs(topic, state.topicId))) this.#commits.forget(at)
    else if (state.open.idle)
      this.#commits.mark({ topic, partition, topicId: state.topicId, offset: position })
    await this.#commits.flush()
  }

  get #commits(): Committer {
    const { cluster, options } = this.#context
    return (this.#committer ??= new Committer(cluster, options.groupId, this.#context.membership(), (error) =>
      this.#context.failed(error),
    ))
  }
}
