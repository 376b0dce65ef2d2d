/**
 * Transactions under one transactional id. With transaction.version 2 (KIP-890), requests that write records
 * or commit offsets add themselves to the transaction. Its end raises the epoch, so that a late request of
 * one transaction cannot touch the next. Before that version, partitions and offsets are added by separate
 * requests.
 */

import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import { CODEC_NUMBER } from '../../records/codecs.ts'
import type { Cluster } from '../cluster.ts'
import { type Broker, type CoordinatorKind, GROUP, TRANSACTION } from '../protocol/cluster.ts'
import {
  brokerError,
  CONCURRENT_TRANSACTIONS,
  DUPLICATE_SEQUENCE,
  ILLEGAL_GENERATION,
  isTransient,
  isWrongCoordinator,
  NOT_LEADER,
  OK,
  REBALANCE_IN_PROGRESS,
  STALE_MEMBER_EPOCH,
} from '../protocol/codes.ts'
import type { CodeOf, Committer, OffsetOf } from '../protocol/offsets.ts'
import { type ProducePartition, produceV9, produceV12 } from '../protocol/produce.ts'
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxnV3,
  endTxnV5,
  initProducerId,
  type ProducerIdentity,
  type Transaction,
  txnOffsetCommitV3,
  txnOffsetCommitV5,
} from '../protocol/transactions.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { OutputPartition } from '../transaction-output.ts'
import { CleanPartitions, keyOf } from './clean-partitions.ts'
import { endLostTransaction, type OpenTransaction, openIn } from './lost-markers.ts'

/** The coordinator aborts a transaction that is left open for longer (ms). */
export const TRANSACTION_TIMEOUT_MS = 15_000
/** Less than TRANSACTION_TIMEOUT_MS, so that it is given up here before the coordinator aborts it. */
const RETRY_LIMIT = 10_000
/**
 * Pause before a retry (ms): the end of the previous transaction, or another request of this one, is still
 * being written, which takes milliseconds.
 */
const RETRY_STEP = 20
/** How long an offset commit may find the group between two epochs (ms). */
const EPOCH_PATIENCE_MS = 3000

export interface GroupOffsets {
  readonly groupId: string
  /**
   * Returns the member as it is now, read again before each try. Undefined when one of the partitions no
   * longer belongs to this member.
   */
  committer(): Committer | undefined
  readonly offsets: readonly OffsetOf[]
}

/** Output partitions, by TOPIC/PARTITION, in which the transactions of an id may not have ended. */
export type Outputs = Map<string, TopicPartition>

export class Transactor {
  readonly transactionalId: string
  readonly #cluster: Cluster
  readonly #lane: string
  readonly #codec: number
  readonly #sequences = new Map<string, number>()
  #transaction: Transaction | undefined
  readonly #outputs: Outputs
  /** Partitions in which no earlier transaction of the id is open. */
  readonly #clean: CleanPartitions
  #version2 = false

  /**
   * @param lane the connection, which is shared with the transactions of some other partitions
   * @param outputs those of the id's earlier holders in this process
   */
  constructor(cluster: Cluster, transactionalId: string, lane: string, outputs: Outputs = new Map()) {
    this.#cluster = cluster
    this.transactionalId = transactionalId
    this.#lane = lane
    this.#outputs = outputs
    this.#clean = new CleanPartitions(cluster)
    this.#codec = CODEC_NUMBER[cluster.config.compression]
  }

  /** The output partitions in which a transaction of this id may still be open. */
  get outputs(): readonly TopicPartition[] {
    return [...this.#outputs.values()]
  }

  /** Called when no transaction is open in these partitions any more. */
  ended(outputs: readonly TopicPartition[]): void {
    for (const output of outputs) this.#outputs.delete(keyOf(output))
  }

  /** Called when a connection was lost: a broker that died may not have ended transactions that it had decided about. */
  doubt(): void {
    this.#clean.clear()
  }

  /** Returns those of the partitions in which a transaction of this id is open. */
  async open(partitions: readonly TopicPartition[]): Promise<readonly OpenTransaction[]> {
    const { producerId } = this.#transaction!
    const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
    // Looking requires the right to read a topic, which a service need not have for each that it writes.
    const open = await Promise.all(
      [...byTopic.values()].map((of) =>
        openIn(this.#cluster, producerId, of).catch((error: KafkaError) => {
          if (error.code === 'not-authorized') return []
          throw error
        }),
      ),
    )
    return open.flat()
  }

  /** Takes over the id, and ends the last transaction where it is still open. No transaction may be under way. */
  async endLost(outputs: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    await this.begin(signal)
    await this.#endOpen(outputs, signal)
  }

  /** The id must just have got a new epoch: the markers of earlier transactions have been written then, or are lost. */
  async #endOpen(outputs: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    if ((await this.open(outputs)).length > 0)
      await endLostTransaction(this.#cluster, this.transactionalId, signal)
  }

  /**
   * Fences every earlier holder of the id, including this object's own past, and has the transactions that
   * they left open aborted.
   */
  begin(signal: AbortSignal): Promise<void> {
    return this.#init(undefined, signal)
  }

  /** @param held the identity that this holder has; rejects with `fenced` if the id has a later holder */
  async #init(held: ProducerIdentity | undefined, signal: AbortSignal): Promise<void> {
    this.#transaction = undefined
    this.#clean.clear()
    const init = async (coordinator: Broker) => {
      const { features } = await this.#cluster.versions(coordinator)
      this.#version2 = (features.get('transaction.version') ?? 0) >= 2
      return this.#cluster.call(
        coordinator,
        this.#lane,
        initProducerId,
        this.transactionalId,
        TRANSACTION_TIMEOUT_MS,
        held,
      )
    }
    const result = await this.#withCoordinator(TRANSACTION, this.transactionalId, init, undefined, signal)
    const { producerId, producerEpoch } = result
    this.#sequences.clear()
    this.#transaction = { transactionalId: this.transactionalId, producerId, producerEpoch }
  }

  /**
   * Writes the output and commits the offsets (if there are any), all or nothing. After a rejection the
   * outcome is unknown: begin() settles it, and the committed offsets show it.
   */
  async commit(
    output: readonly OutputPartition[],
    group: GroupOffsets | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#transaction === undefined)
      throw new KafkaError('internal', `Transaction ${this.transactionalId} was not begun`)
    await this.#clear(output, group, signal)
    const transaction = this.#transaction
    this.#transaction = undefined
    for (const { topic, partition } of output)
      this.#outputs.set(keyOf({ topic, partition }), { topic, partition })
    if (output.length > 0) await this.#write(transaction, output)
    if (group !== undefined) await this.#commitOffsets(transaction, group)
    const ended = await this.#withCoordinator(TRANSACTION, this.transactionalId, (coordinator) =>
      this.#cluster.call(coordinator, this.#lane, this.#version2 ? endTxnV5 : endTxnV3, transaction, true),
    )
    if (this.#version2) {
      this.#sequences.clear()
      this.#transaction = {
        transactionalId: this.transactionalId,
        producerId: ended.producerId,
        producerEpoch: ended.producerEpoch,
      }
    } else {
      this.#transaction = transaction
    }
  }

  /**
   * Ends earlier transactions of the id that are open in partitions which this one touches: its own end would be theirs,
   * too, so that what was aborted became visible, or what was committed was lost. A holder that was fenced must not take
   * over the id for that.
   */
  async #clear(
    output: readonly OutputPartition[],
    group: GroupOffsets | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const unknown = await this.#clean.unknownOf(output, group?.groupId)
    if (unknown.length === 0) return
    const held = this.#transaction!
    const open = await this.open(unknown)
    if (open.some(({ producerEpoch }) => producerEpoch > held.producerEpoch))
      throw new KafkaError('fenced', `Transactional id ${this.transactionalId} has a later holder`)
    if (open.length > 0) {
      await this.#init(held, signal)
      await this.#endOpen(unknown, signal)
    }
    this.#clean.add(unknown)
  }

  async #write(transaction: Transaction, partitions: readonly OutputPartition[]): Promise<void> {
    if (!this.#version2) {
      await this.#withCoordinator(TRANSACTION, this.transactionalId, async (coordinator) => ({
        errorCode: worst(
          await this.#cluster.call(coordinator, this.#lane, addPartitionsToTxn, transaction, partitions),
        ),
      }))
    }
    for (let round = 0; ; round++) {
      const batches = partitions.flatMap(({ topic, partition, writers }) => {
        const writer = writers[round]
        if (writer === undefined) return []
        const key = `${topic}/${partition}`
        const baseSequence = this.#sequences.get(key) ?? 0
        this.#sequences.set(key, (baseSequence + writer.count) & 0x7fffffff)
        const { producerId, producerEpoch } = transaction
        return [
          {
            topic,
            partition,
            records: writer.finish(
              { producerId, producerEpoch, baseSequence, transactional: true },
              this.#codec,
            ),
          },
        ]
      })
      if (batches.length === 0) return
      await this.#produce(batches)
    }
  }

  /**
   * Writes to one leader after another: each adds its partitions to the transaction, and two that do so at
   * once would be refused.
   */
  async #produce(batches: readonly ProducePartition[]): Promise<void> {
    const deadline = Date.now() + RETRY_LIMIT
    let left = batches
    for (let attempt = 1; left.length > 0; attempt++) {
      const again: ProducePartition[] = []
      let code = NOT_LEADER
      for (const [leader, items] of Map.groupBy(left, ({ topic, partition }) =>
        this.#cluster.leader(topic, partition),
      )) {
        if (leader === undefined) {
          for (const { topic } of items) await this.#cluster.topic(topic)
          again.push(...items)
          continue
        }
        const answers = await this.#cluster.call(
          leader,
          this.#lane,
          this.#version2 ? produceV12 : produceV9,
          this.transactionalId,
          items,
        )
        for (const item of items) {
          const answer =
            answers.find(({ topic, partition }) => topic === item.topic && partition === item.partition)
              ?.errorCode ?? NOT_LEADER
          if (answer === OK || answer === DUPLICATE_SEQUENCE) continue
          if (!isTransient(answer))
            throw brokerError(
              answer,
              `Writing to ${item.topic}/${item.partition} in transaction ${this.transactionalId}`,
            )
          code = answer
          again.push(item)
        }
      }
      left = again
      if (left.length === 0) return
      const [{ topic, partition }] = left
      if (Date.now() > deadline)
        throw brokerError(code, `Writing to ${topic}/${partition} in transaction ${this.transactionalId}`)
      this.#cluster.log.debug(
        { transactionalId: this.transactionalId, code, attempt },
        'Writing in a transaction is tried again',
      )
      await pause(RETRY_STEP * attempt)
      if (code !== CONCURRENT_TRANSACTIONS) await this.#cluster.refresh()
    }
  }

  async #commitOffsets(
    transaction: Transaction,
    { groupId, committer, offsets }: GroupOffsets,
  ): Promise<void> {
    if (!this.#version2) {
      await this.#withCoordinator(TRANSACTION, this.transactionalId, (coordinator) =>
        this.#cluster.call(coordinator, this.#lane, addOffsetsToTxn, transaction, groupId),
      )
    }
    const until = Date.now() + EPOCH_PATIENCE_MS
    for (;;) {
      const member = committer()
      if (member === undefined)
        throw new KafkaError('fenced', `A partition of group ${groupId} is another member's`)
      const api = this.#version2 ? txnOffsetCommitV5 : txnOffsetCommitV3
      const { errorCode } = await this.#withCoordinator(
        GROUP,
        groupId,
        async (coordinator) => ({
          errorCode: worst(
            await this.#cluster.call(coordinator, this.#lane, api, transaction, groupId, member, offsets),
          ),
        }),
        between,
      )
      if (errorCode === OK) return
      if (Date.now() > until)
        throw brokerError(
          errorCode,
          `Committing offsets of group ${groupId} in transaction ${this.transactionalId}`,
        )
      await pause(RETRY_STEP)
    }
  }

  /**
   * Repeats a request that met the wrong coordinator or a busy one. Throws on other codes, except those that
   * `passes` accepts.
   */
  async #withCoordinator<R extends { readonly errorCode: number }>(
    kind: CoordinatorKind,
    key: string,
    request: (coordinator: Broker) => Promise<R>,
    passes: (code: number) => boolean = () => false,
    signal?: AbortSignal,
  ): Promise<R> {
    const deadline = Date.now() + RETRY_LIMIT
    for (let attempt = 1; ; attempt++) {
      let result: R
      try {
        result = await request(await this.#cluster.coordinator(kind, key))
      } catch (error) {
        this.#cluster.forgetCoordinator(kind, key)
        throw error
      }
      const { errorCode } = result
      if (errorCode === OK || passes(errorCode)) return result
      if (isWrongCoordinator(errorCode)) this.#cluster.forgetCoordinator(kind, key)
      if (!isTransient(errorCode) || Date.now() > deadline || signal?.aborted)
        throw brokerError(errorCode, `Transaction ${this.transactionalId}`)
      this.#cluster.log.debug(
        { transactionalId: this.transactionalId, code: errorCode, attempt },
        'A request of a transaction is tried again',
      )
      await pause(RETRY_STEP * attempt, signal)
    }
  }
}

/** Whether the group is between two epochs: the next heartbeat brings the epoch to commit with. */
function between(code: number): boolean {
  return code === ILLEGAL_GENERATION || code === STALE_MEMBER_EPOCH || code === REBALANCE_IN_PROGRESS
}

function worst(codes: readonly CodeOf[]): number {
  return codes.find(({ errorCode }) => errorCode !== OK)?.errorCode ?? OK
}
