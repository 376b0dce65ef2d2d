/**
 * Exactly once: a batch's output and its offset are committed in one transaction, under two transactional ids
 * per group and input partition that take turns. A member that is assigned the partition first takes over
 * both ids, which fences the previous member. It then reads the committed offset, and begins exactly there.
 */
import { KafkaError } from '../../errors.ts'
import type { RecordBatch, TransformHandler } from '../../port.ts'
import { isForHandlers } from '../../unreadable.ts'
import type { Cluster } from '../cluster.ts'
import type { GroupContext } from '../consume/subscription.ts'
import type { Processing } from '../consume/worker.ts'
import { keyOf } from '../groups/membership.ts'
import type { Committer } from '../protocol/offsets.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { Before, Beginning, Committed } from '../topic-ids.ts'
import { inParts, TransactionOutput } from '../transaction-output.ts'
import { endLostTransaction } from './lost-markers.ts'
import { Transactor } from './transactor.ts'

/**
 * Connections per broker over which transactions run side by side. A broker answers the requests of one
 * connection in order, and each request of a transaction takes a few milliseconds.
 */
const LANES = 6

/**
 * Bounds of a partition's rest after a transaction (ms). The rest is as long as the partition's transactions
 * have taken lately. A transaction costs three requests and half a dozen log appends however few its records
 * are, so under load records should share one. Records that arrive after the rest are not delayed. The rest
 * is shorter by the time that the batch took longer than usual: after a batch that was delayed, enough
 * records have gathered, and waited.
 */
const MIN_REST = 2
const MAX_REST = 16
/** Weight of the newest batch in the moving averages `transactionTakes` and `batchTakes`. */
const WEIGHT = 1 / 16
/** A batch of at least this many records is worth a transaction: the rest after it is MIN_REST. */
const LARGE_BATCH = 1000

interface State {
  /**
   * The two take turns. The markers of a transaction are written after its end was answered. A transaction
   * that begins under the same id before that waits 20 ms at the broker (KIP-890), and so does its
   * connection.
   */
  readonly transactors: readonly [Transactor, Transactor]
  topicId: string
  /** Number of transactions tried. */
  tried: number
  committed: number
  /**
   * Moving averages of the time that a transaction takes, and that a batch takes from its handler to the
   * transaction's end (ms).
   */
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
    // The handler rejected before anything was sent. It gets the batch again, from the part that is not
    // committed.
    if (!isBroken(state)) return Math.max(position, state.committed)
    const { offset, topicId } = await this.#takeOver(at, state, signal)
    // If there is no offset, or one of another topic, the topic was recreated, which fetching detects.
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

  /** Fences the previous owner of the partition, then reads the offset that it committed. */
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
    // If the topic was recreated meanwhile, the output is still valid, but the offset means nothing any more.
    const group = this.#context.cluster.isOther(topic, state.topicId)
      ? undefined
      : { groupId: options.groupId, committer, offset: { topic, partition, topicId: state.topicId, offset } }
    if (group !== undefined || output.partitions.length > 0) {
      await state.transactors[state.tried++ % 2].commit(output, group, signal)
    }
    state.committed = offset
  }
}

/** Returns the rest, in ms, after a batch that took `took` ms. */
function restAfter(batch: RecordBatch, { transactionTakes, batchTakes }: State, took: number): number {
  if (batch.length >= LARGE_BATCH) return MIN_REST
  return Math.max(MIN_REST, Math.min(transactionTakes, MAX_REST) - Math.max(0, took - batchTakes))
}

function isBroken({ transactors }: State): boolean {
  return transactors.some(({ broken }) => broken)
}

/**
 * Ends the lost transactions of both ids, since which of them holds the offset cannot be seen from outside.
 * Rejects if neither can be ended.
 */
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

/** Limit for committing a moved position when the partition is given up (ms). */
const FINISH_LIMIT = 3000
