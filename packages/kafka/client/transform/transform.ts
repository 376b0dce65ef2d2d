/**
 * Exactly once: the output of a batch and the offset after it are committed in one transaction. Two
 * transactional ids belong to each input partition of a group; a member that is assigned the partition takes
 * both over, which fences the previous member, and only then reads the committed offset and begins there.
 */
import { KafkaError } from '../../errors.ts'
import type { OpenTask, RecordBatch } from '../../port.ts'
import type { GroupContext } from '../consume/subscription.ts'
import type { OpenProcessor, Processor } from '../consume/worker.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { Before, Beginning, Committed } from '../topic-ids.ts'
import { inParts, TransactionOutput } from '../transaction-output.ts'
import { endLostTransactions } from './lost-markers.ts'
import { MemberTransactions } from './member-transactions.ts'
import { type TaskSlot, Tasks, TICK_MS } from './tasks.ts'
import { TRANSACTION_TIMEOUT_MS, Transactor } from './transactor.ts'

/**
 * Connections per broker over which transactions run side by side. A broker answers the requests of one
 * connection in order, and each request of a transaction takes a few milliseconds.
 */
const LANES = 6
/**
 * A transaction of a member that died ends when its id is taken over, by whoever is assigned that partition;
 * at the latest when the coordinator aborts it.
 */
const ABORTED_AFTER_MS = TRANSACTION_TIMEOUT_MS + 5000
/** Limit for committing a moved position when the partition is given up. */
const FINISH_LIMIT_MS = 3000

export function exactlyOnce(open: OpenTask) {
  return (context: GroupContext): OpenProcessor => {
    const transactions = new MemberTransactions(context)
    const tasks = new Tasks(context.options.topics, open)
    return (at) => new ExactlyOnce(at, context, transactions, tasks.slot(at))
  }
}

class ExactlyOnce implements Processor {
  readonly #at: TopicPartition
  readonly #context: GroupContext
  readonly #transactions: MemberTransactions
  readonly #slot: TaskSlot
  #transactors: readonly Transactor[] = []
  #topicId = ''
  #committed = -1
  /** Whether the outcome of the partition's last transaction is unknown. */
  #uncertain = false
  /** Holds the id under which that transaction ran. */
  #carrier: Transactor | undefined

  constructor(at: TopicPartition, context: GroupContext, transactions: MemberTransactions, slot: TaskSlot) {
    this.#at = at
    this.#context = context
    this.#transactions = transactions
    this.#slot = slot
  }

  async begin(before: Before | undefined, signal: AbortSignal): Promise<Beginning> {
    await this.#transactions.release(this.#transactors)
    this.#transactors = this.#idsOf(this.#at).map((id) => this.#transactor(id))
    const beginning = await this.#context.beginning(this.#at, before, signal, async () => {
      await Promise.all(this.#transactors.map((transactor) => transactor.begin(signal)))
      return this.#readCommitted(signal)
    })
    this.#topicId = beginning.topicId
    this.#committed = beginning.position
    this.#transactions.add(this.#at, this.#transactors)
    if (beginning.commit) await this.#commit(beginning.position, new TransactionOutput(), signal)
    await this.#slot.begin(this.#at.topic, beginning.position, signal)
    return beginning
  }

  get tickMs(): number | undefined {
    return this.#slot.ticks ? TICK_MS : undefined
  }

  process(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const { topic } = this.#at
    return inParts(
      batch,
      (part) => this.#slot.run(topic, () => this.#transact(part, signal), signal),
      () => this.#slot.begin(topic, this.#committed, signal),
    )
  }

  async #transact(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const output = new TransactionOutput()
    try {
      await this.#slot.handle(batch, output, signal)
      if (signal.aborted) throw new KafkaError('stopped', `Handling ${batch.topic}/${batch.partition}`)
      if (output.partitions.length > 0 || batch.nextOffset !== this.#committed)
        await this.#commit(batch.nextOffset, output, signal)
      this.#slot.done(batch.topic, batch.nextOffset)
    } finally {
      output.release()
    }
  }

  async recover(position: number, signal: AbortSignal): Promise<number> {
    if (this.#uncertain) {
      if (this.#carrier !== undefined) await this.#transactions.restore(this.#carrier, signal)
      const { offset, topicId } = await this.#readCommitted(signal)
      // If there is no offset, or one of another topic, the topic was recreated, which fetching detects.
      if (offset >= 0 && (topicId === undefined || topicId === this.#topicId)) this.#committed = offset
    } else {
      // The handler rejected before anything was sent. It gets the batch again, from the part that is not
      // committed.
      this.#committed = Math.max(position, this.#committed)
    }
    await this.#slot.begin(this.#at.topic, this.#committed, signal)
    return this.#committed
  }

  async end(position: number | undefined): Promise<void> {
    await this.#slot.end(this.#at.topic)
    const moved = position !== undefined && position !== this.#committed && !this.#uncertain
    if (moved && (await this.#context.stillIs(this.#at.topic, this.#topicId)))
      await this.#commit(position, new TransactionOutput(), AbortSignal.timeout(FINISH_LIMIT_MS))
    await this.#transactions.release(this.#transactors)
  }

  async #commit(offset: number, output: TransactionOutput, signal: AbortSignal): Promise<void> {
    // If the topic was recreated meanwhile, the output is still valid, but the offset means nothing any more.
    const isOther = this.#context.cluster.isOther(this.#at.topic, this.#topicId)
    const alone = this.#uncertain
    this.#uncertain = true
    const handled = {
      at: this.#at,
      output,
      offset: isOther ? undefined : { ...this.#at, topicId: this.#topicId, offset },
      alone,
      signal,
    }
    await this.#transactions.commit(handled, (transactor) => {
      this.#carrier = transactor
    })
    this.#uncertain = false
    this.#committed = offset
  }

  /** Reads the committed offset once no transaction over it is open. */
  #readCommitted(signal: AbortSignal): Promise<Committed> {
    const { cluster, committed, options } = this.#context
    const until = Date.now() + ABORTED_AFTER_MS
    return committed.read(this.#at, signal, async () => {
      const topics = await Promise.all(options.topics.map((topic) => cluster.topic(topic)))
      const ids = topics.flatMap(({ topic, partitions }) =>
        partitions.flatMap(({ partition }) => this.#idsOf({ topic, partition })),
      )
      const takeOver = (id: string) => this.#transactor(id).begin(signal)
      const ended = await endLostTransactions(cluster, ids, takeOver, signal)
      if (!ended && Date.now() > until)
        throw new KafkaError(
          'lost-transaction',
          `A transaction over ${this.#at.topic}/${this.#at.partition} hangs, and no coordinator's log says how it ends`,
        )
    })
  }

  /** Two ids take turns, so that one transaction can begin while the markers of another are written. */
  #idsOf({ topic, partition }: TopicPartition): string[] {
    const id = `${this.#context.options.groupId}/${topic}/${partition}`
    return [id, `${id}/2`]
  }

  #transactor(id: string): Transactor {
    const outputs = this.#transactions.outputsOf(id)
    return new Transactor(this.#context.cluster, id, `transactions-${this.#at.partition % LANES}`, outputs)
  }
}
