/**
 * Exactly once: a batch's output and its offset in one transaction, under two transactional ids per group and
 * input partition that take turns. Whoever is assigned the partition takes both over first, which fences the
 * member before it, then reads the committed offset, and begins exactly there.
 */
import { KafkaError } from '../../../errors.ts'
import type { RecordBatch, TransformHandler } from '../../../port.ts'
import { isForHandlers } from '../../../unreadable.ts'
import type { Before, Beginning, Committed } from '../../topic-ids.ts'
import { inParts, TransactionOutput } from '../../transaction-output.ts'
import type { Cluster } from '../cluster.ts'
import type { GroupContext } from '../consume/subscription.ts'
import type { Processing } from '../consume/worker.ts'
import { keyOf } from '../groups/membership.ts'
import type { Committer } from '../protocol/offsets.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { endLostTransaction } from './lost-markers.ts'
import { Transactor } from './transactor.ts'

/**
 * A broker answers a connection's requests in order, and each of a transaction's takes a few milliseconds: so
 * many run side by side per broker.
 */
const LANES = 6

/**
 * After a transaction its partition rests for as long as its transactions take of late, between these bounds
 * (ms): one costs three requests and half a dozen log appends however few its records are, so that under load
 * records had better share one. What comes later is not held up. The rest is shorter by what the batch took
 * longer than usual: after one that was held up, enough records have gathered, and waited.
 */
const MIN_REST = 2
const MAX_REST = 16
/** Of the newest batch in what they take of late. */
const WEIGHT = 1 / 16
/** A batch of so many records is worth a transaction: after it only the least. */
const LARGE_BATCH = 1000

interface State {
  /**
   * They take turns: the markers of a transaction are written after its end was answered, and one that begins
   * under the same id before they are waits 20 ms at the broker (KIP-890), and so does its connection.
   */
  readonly transactors: readonly [Transactor, Transactor]
  topicId: string
  /** How many transactions were tried. */
  tried: number
  committed: number
  /** What of late a transaction takes, and a batch from its handler to the transaction's end (ms). */
  transactionTakes: number
  batchTakes: number
  /** When the next transaction may begin (ms since the epoch). */
  notBefore: number
}

export function exactlyOnce(handler: TransformHandler) {
  return (context: GroupContext): Processing => new ExactlyOnce(context, handler)
}

class ExactlyOnce implements Processing {
  readonly #context: GroupContext
  readonly #handler: TransformHandler
  readonly #states = new Map<string, State>()

  constructor(context: GroupContext, handler: TransformHandler) {
    this.#context = context
    this.#handler = handler
  }

  async begin(at: TopicPartition, before: Before | undefined, signal: AbortSignal): Promise<Beginning> {
    const { cluster, options } = this.#context
    const id = `${options.groupId}/${at.topic}/${at.partition}`
    const lane = `transactions-${at.partition % LANES}`
    const state: State = {
      transactors: [new Transactor(cluster, id, lane), new Transactor(cluster, `${id}/2`, lane)],
      topicId: '',
      tried: 0,
      committed: -1,
      transactionTakes: 0,
      batchTakes: 0,
      notBefore: 0,
    }
    const beginning = await this.#context.beginning(at, before, signal, () =>
      this.#takeOver(at, state, signal),
    )
    const { topicId, position, commit } = beginning
    state.topicId = topicId
    state.committed = position
    this.#states.set(keyOf(at), state)
    if (commit) await this.#commit(at, state, position, new TransactionOutput(), signal)
    return beginning
  }

  notBefore(at: TopicPartition): number {
    return this.#states.get(keyOf(at))!.notBefore
  }

  process(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    return inParts(batch, (part) => this.#transact(part, signal))
  }

  async #transact(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    const output = new TransactionOutput()
    const state = this.#states.get(keyOf(batch))!
    const began = Date.now()
    try {
      if (isForHandlers(batch)) await this.#handler(batch, output, signal)
      if (signal.aborted) throw new KafkaError('stopped', `Handling ${batch.topic}/${batch.partition}`)
      const handled = Date.now()
      await this.#commit(batch, state, batch.nextOffset, output, signal)
      const ended = Date.now()
      state.notBefore = ended + restAfter(batch, state, ended - began)
      state.transactionTakes += WEIGHT * (ended - handled - state.transactionTakes)
      state.batchTakes += WEIGHT * (ended - began - state.batchTakes)
    } finally {
      output.release()
    }
  }

  async recover(at: TopicPartition, position: number, _error: unknown, signal: AbortSignal): Promise<number> {
    const state = this.#states.get(keyOf(at))!
    // The handler rejected before anything was sent: the batch goes to it again, from the part that is not
    // committed.
    if (!isBroken(state)) return Math.max(position, state.committed)
    const { offset, topicId } = await this.#takeOver(at, state, signal)
    // An offset of another topic, or none: the topic was made anew, which fetching finds out.
    if (offset >= 0 && (topicId === undefined || topicId === state.topicId)) state.committed = offset
    return state.committed
  }

  async finish(at: TopicPartition, position: number): Promise<void> {
    const state = this.#states.get(keyOf(at))
    this.#states.delete(keyOf(at))
    if (state === undefined || isBroken(state) || state.committed === position) return
    if (!(await this.#context.stillIs(at.topic, state.topicId))) return
    await this.#commit(at, state, position, new TransactionOutput(), AbortSignal.timeout(FINISH_LIMIT))
  }

  /** Fences whoever had the partition before, then reads what it has committed. */
  async #takeOver(at: TopicPartition, { transactors }: State, signal: AbortSignal): Promise<Committed> {
    const { cluster, committed } = this.#context
    await Promise.all(transactors.map((transactor) => transactor.begin(signal)))
    const found = await committed.read(at, signal, () => endEitherLost(cluster, transactors, signal))
    for (const transactor of transactors) {
      if ((await transactor.hanging()).length > 0)
        await endLostTransaction(cluster, transactor.transactionalId, signal)
    }
    return found
  }

  async #commit(
    { topic, partition }: TopicPartition,
    state: State,
    offset: number,
    output: TransactionOutput,
    signal: AbortSignal,
  ): Promise<void> {
    const { options } = this.#context
    const committer = (): Committer | undefined => {
      const membership = this.#context.membership()
      return membership.owns({ topic, partition }) ? membership : undefined
    }
    // Where the topic was made anew meanwhile, the output stands and the offset means nothing any more.
    const group = this.#context.cluster.isOther(topic, state.topicId)
      ? undefined
      : { groupId: options.groupId, committer, offset: { topic, partition, topicId: state.topicId, offset } }
    if (group !== undefined || output.partitions.length > 0) {
      await state.transactors[state.tried++ % 2].commit(output, group, signal)
    }
    state.committed = offset
  }
}

/** In ms, after a batch that took `took` ms. */
function restAfter(batch: RecordBatch, { transactionTakes, batchTakes }: State, took: number): number {
  if (batch.length >= LARGE_BATCH) return MIN_REST
  return Math.max(MIN_REST, Math.min(transactionTakes, MAX_REST) - Math.max(0, took - batchTakes))
}

function isBroken({ transactors }: State): boolean {
  return transactors.some(({ broken }) => broken)
}

/** Which of the two holds the offset cannot be seen from outside. Rejects where neither can be ended. */
async function endEitherLost(
  cluster: Cluster,
  transactors: State['transactors'],
  signal: AbortSignal,
): Promise<void> {
  const outcomes = await Promise.allSettled(
    transactors.map(({ transactionalId }) => endLostTransaction(cluster, transactionalId, signal)),
  )
  const [first, second] = outcomes
  if (first.status === 'rejected' && second.status === 'rejected') throw first.reason
}

/** For committing a moved position when the partition is given up (ms). */
const FINISH_LIMIT = 3000
