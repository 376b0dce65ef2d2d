/**
 * Transactions of one input partition. After any error the producer is recreated: its InitProducerId aborts
 * what is open, waits for what is ending, and fences every other user of the id. Only then may the committed
 * offset be read.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BatchWriter } from '../../records/batch-writer.ts'
import { CODEC_NUMBER } from '../../records/codecs.ts'
import { metadataOf } from '../topic-ids.ts'
import type { TransactionOutput } from '../transaction-output.ts'
import { type Cluster, COORDINATOR } from './cluster.ts'
import { brokerError, typeOf } from './errors.ts'
import type { Link } from './link.ts'
import { produce } from './protocol/produce.ts'
import { retrying } from './retry.ts'
import { Sequence } from './sequence.ts'

/** Milliseconds after which the broker aborts a transaction whose producer has vanished. */
const TRANSACTION_TIMEOUT_MS = 15_000
/** How long to retry while a coordinator moves or still ends the previous transaction (ms). */
const PATIENCE = 20_000
/**
 * Pause before a retry (ms), times the attempt: the markers of the previous transaction are usually written
 * by then.
 */
const WHILE_ENDING = 10
/**
 * Connections to each broker over which partitions are spread, since a broker answers the requests of one
 * connection one after the other.
 */
const SLOTS = 4

export interface CommittedInput {
  readonly groupId: string
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}

export class TransactionalProducer {
  readonly #cluster: Cluster
  readonly #id: string
  readonly #slot: number
  readonly #sequences = new Map<string, Sequence>()
  readonly #identity: { producerId: string; producerEpoch: number }
  readonly #coordinator: number

  private constructor(
    cluster: Cluster,
    id: string,
    slot: number,
    coordinator: number,
    identity: { producerId: string; producerEpoch: number },
  ) {
    this.#cluster = cluster
    this.#id = id
    this.#slot = slot
    this.#coordinator = coordinator
    this.#identity = identity
  }

  /** Fences earlier producers of the id and ends the transactions that they left open. */
  static begin(cluster: Cluster, id: string, partition: number): Promise<TransactionalProducer> {
    const slot = partition % SLOTS
    const init = async (): Promise<TransactionalProducer> => {
      const coordinator = await cluster.coordinator(COORDINATOR.transaction, id)
      const link = await cluster.link(coordinator, slot)
      const { producerId, producerEpoch } = await link.call('InitProducerId', {
        transactionalId: id,
        transactionTimeout: TRANSACTION_TIMEOUT_MS,
      })
      return new TransactionalProducer(cluster, id, slot, coordinator, { producerId, producerEpoch })
    }
    return retrying(init, () => cluster.refresh(), PATIENCE)
  }

  /**
   * Makes the output and the input's offset (if there is one) visible together. After a rejection the outcome
   * is unknown, and this producer must not be used again.
   */
  async commit(output: TransactionOutput, input?: CommittedInput): Promise<void> {
    const transactionalId = this.#id
    const link = await this.#cluster.link(this.#coordinator, this.#slot)
    const byTopic = Map.groupBy(output.partitions, (written) => written.topic)
    const topics = [...byTopic].map(([name, written]) => ({
      topic: name,
      partitions: written.map(({ partition: number }) => number),
    }))
    if (topics.length > 0)
      await whenEnded(() => link.call('AddPartitionsToTxn', { transactionalId, ...this.#identity, topics }))
    if (input !== undefined)
      await whenEnded(() =>
        link.call('AddOffsetsToTxn', { transactionalId, ...this.#identity, groupId: input.groupId }),
      )
    const commitOffset = async (): Promise<void> => {
      if (input === undefined) return
      const { groupId, topic, topicId, partition, offset } = input
      const groupLink = await this.#cluster.link(
        await this.#cluster.coordinator(COORDINATOR.group, groupId),
        this.#slot,
      )
      const offsets = [{ topic, partitions: [{ partition, offset, metadata: metadataOf(topicId) }] }]
      await groupLink.call('TxnOffsetCommit', {
        transactionalId,
        groupId,
        ...this.#identity,
        topics: offsets,
      })
    }
    const sends = output.partitions.map(({ topic: name, partition: number, writers }) =>
      this.#send(name, number, writers),
    )
    await Promise.all([...sends, commitOffset()])
    await link.call('EndTxn', { transactionalId, ...this.#identity, transactionResult: true })
  }

  async #send(topic: string, partition: number, batches: readonly BatchWriter[]): Promise<void> {
    const name = `${topic}/${partition}`
    let sequence = this.#sequences.get(name)
    if (sequence === undefined)
      this.#sequences.set(
        name,
        (sequence = new Sequence(BigInt(this.#identity.producerId), this.#identity.producerEpoch)),
      )
    for (const writer of batches) {
      const bytes = writer.finish(
        { ...sequence, baseSequence: sequence.next, transactional: true },
        CODEC_NUMBER[this.#cluster.config.compression],
      )
      const link = await this.#leader(topic, partition)
      const { errorCode } = await link.send(produce(topic, partition, bytes, this.#id))
      if (errorCode !== 0) {
        this.#cluster.forgetLeader(topic, partition)
        throw brokerError(errorCode)
      }
      sequence.advance(writer.count)
    }
  }

  async #leader(topic: string, partition: number): Promise<Link> {
    if (this.#cluster.leader(topic, partition) < 0) await this.#cluster.refresh()
    return this.#cluster.link(this.#cluster.leader(topic, partition), this.#slot)
  }
}

/**
 * Retries while the coordinator refuses to open a transaction because it still writes the markers of the
 * previous one.
 */
async function whenEnded(call: () => Promise<unknown>): Promise<void> {
  const until = Date.now() + PATIENCE
  for (let attempt = 1; ; attempt++) {
    try {
      await call()
      return
    } catch (error) {
      if (typeOf(error) !== 'CONCURRENT_TRANSACTIONS' || Date.now() > until) throw error
    }
    await sleep(WHILE_ENDING * Math.min(attempt, 10))
  }
}
