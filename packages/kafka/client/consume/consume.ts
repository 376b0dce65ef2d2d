/**
 * At least once: an offset is committed after the handler has settled and the work that it left open is done.
 */
import type { ConsumeHandler, RecordBatch } from '../../port.ts'
import { isForHandlers } from '../../unreadable.ts'
import { DoneInOrder } from '../done-in-order.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { Before, Beginning } from '../topic-ids.ts'
import { Committer } from './committer.ts'
import type { GroupContext } from './subscription.ts'
import type { OpenProcessor, Processor } from './worker.ts'

export function atLeastOnce(handler: ConsumeHandler) {
  return (context: GroupContext): OpenProcessor => {
    const { cluster, options } = context
    let committer: Committer | undefined
    const commits = (): Committer =>
      (committer ??= new Committer(cluster, options.groupId, context.membership(), (error) =>
        context.failed(error),
      ))
    return (at) => new AtLeastOnce(at, context, commits, handler)
  }
}

class AtLeastOnce implements Processor {
  readonly #at: TopicPartition
  readonly #context: GroupContext
  readonly #commits: () => Committer
  readonly #handler: ConsumeHandler
  #topicId = ''
  #open = new DoneInOrder()

  constructor(at: TopicPartition, context: GroupContext, commits: () => Committer, handler: ConsumeHandler) {
    this.#at = at
    this.#context = context
    this.#commits = commits
    this.#handler = handler
  }

  async begin(before: Before | undefined, signal: AbortSignal): Promise<Beginning> {
    this.#commits().forget(this.#at)
    this.#open = new DoneInOrder()
    const beginning = await this.#context.beginning(this.#at, before, signal, () =>
      this.#context.committed.read(this.#at, signal),
    )
    this.#topicId = beginning.topicId
    if (beginning.commit) this.#mark(beginning.position)
    return beginning
  }

  async process(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const open = this.#open
    const ongoing = isForHandlers(batch) ? await this.#handler(batch, signal) : undefined
    open.add(ongoing, () => {
      if (!signal.aborted && this.#open === open) this.#mark(batch.nextOffset)
    })
  }

  /** Everything below the position was handled, so the rejected batch is the next one. */
  async recover(position: number): Promise<number> {
    return position
  }

  async settled(): Promise<void> {
    await this.#open.settled()
  }

  async end(position: number | undefined): Promise<void> {
    if (position === undefined) return
    if (!(await this.#context.stillIs(this.#at.topic, this.#topicId))) this.#commits().forget(this.#at)
    else if (this.#open.idle) this.#mark(position)
    await this.#commits().flush()
  }

  #mark(offset: number): void {
    this.#commits().mark({ ...this.#at, topicId: this.#topicId, offset })
  }
}
