/**
 * Ends a transaction that its coordinator has decided, but whose markers never reached a partition. Kafka 4.3
 * loses the markers of transactions that a broker is ending while it dies. On its return the broker finds
 * partitions without a leader, takes them for deleted and notifies nobody (TransactionMarkerChannelManager:
 * "likely deleted already and hence can be skipped"). The group's offset then stays unreadable, and readers
 * remain at the last stable offset before the output, for good. The decision is still in the coordinator's
 * log; this module carries it out as the coordinator would have.
 */
import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import type { Cluster } from '../cluster.ts'
import { brokerError, isTransient, OK } from '../protocol/codes.ts'
import { describeProducers, writeTxnMarkers } from '../protocol/markers.ts'
import type { CodeOf } from '../protocol/offsets.ts'
import {
  coordinatingPartition,
  type Decision,
  readDecision,
  readKey,
  TRANSACTION_LOG,
} from '../protocol/transaction-log.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { ReadingAll } from '../read.ts'

const LANE = 'markers'
/** How long the leader of a partition may not know that it leads. */
const LEADER_LIMIT_MS = 10_000
const RETRY_STEP_MS = 20

/**
 * Ends the transactions of these ids that are decided, yet open in a partition. Which of a group's ids holds
 * an offset cannot be seen from outside. Resolves to false if there are none.
 * @param takeOver fences the id's holder, so that no transaction of it begins meanwhile
 */
export function endLostTransactions(
  cluster: Cluster,
  transactionalIds: readonly string[],
  takeOver: (transactionalId: string) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  return explained(`A transaction of ${transactionalIds[0]} and others`, async () => {
    const lost: string[] = []
    for (const [id, { last }] of await decisionsOn(cluster, transactionalIds, signal))
      if ((await openIn(cluster, last.producerId, last.partitions)).length > 0) lost.push(id)
    for (const id of lost) {
      await takeOver(id)
      await carryOut(cluster, id, signal)
    }
    return lost.length > 0
  })
}

/**
 * Ends the transactions of the id that are decided, yet open in a partition. The id must have been taken over
 * (InitProducerId) before.
 */
export async function endLostTransaction(
  cluster: Cluster,
  transactionalId: string,
  signal: AbortSignal,
): Promise<void> {
  await explained(`A transaction of ${transactionalId}`, async () => {
    if (await carryOut(cluster, transactionalId, signal)) return
    throw new KafkaError(
      'lost-transaction',
      `A transaction of ${transactionalId} hangs, and its coordinator's log does not say how it ends`,
    )
  })
}

async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'not-authorized') throw error
    throw new KafkaError('lost-transaction', `${what} hangs, and this principal may not end it`, error)
  }
}

/** Resolves to false if no decision is left to carry out. */
async function carryOut(cluster: Cluster, transactionalId: string, signal: AbortSignal): Promise<boolean> {
  const decisions = (await decisionsOn(cluster, [transactionalId], signal)).get(transactionalId)
  if (decisions === undefined) return false
  const { partitions: coordinators } = await cluster.topic(TRANSACTION_LOG)
  const coordinatorEpoch =
    coordinators[coordinatingPartition(transactionalId, coordinators.length)].leaderEpoch
  // An earlier transaction may be open where none of the later ones has written.
  const byDecision = Map.groupBy(decisions.byPartition.values(), ({ decision }) => decision)
  let isAnyOpen = false
  for (const [{ producerId, producerEpoch, commit }, decided] of byDecision) {
    const open = await openIn(
      cluster,
      producerId,
      decided.map(({ at }) => at),
    )
    if (open.length === 0) continue
    isAnyOpen = true
    await atLeaders(cluster, open, 'Ending a transaction in', (leader, partitions) =>
      cluster.call(leader, LANE, writeTxnMarkers, {
        producerId,
        producerEpoch,
        commit,
        coordinatorEpoch,
        partitions,
      }),
    )
    cluster.log.warn(
      { transactionalId, commit, partitions: open.map(({ topic, partition }) => `${topic}/${partition}`) },
      'The broker lost the end of a transaction when it was killed; it was written again as the coordinator had decided',
    )
  }
  return isAnyOpen
}

export interface OpenTransaction extends TopicPartition {
  /** The epoch of the holder that began it. */
  readonly producerEpoch: number
}

/** Returns those of the partitions in which the producer has an open transaction. */
export async function openIn(
  cluster: Cluster,
  producerId: bigint,
  partitions: readonly TopicPartition[],
): Promise<OpenTransaction[]> {
  const answers = await atLeaders(cluster, partitions, 'Looking for open transactions in', (leader, items) =>
    cluster.call(leader, LANE, describeProducers, items),
  )
  return answers.flatMap(({ topic, partition, producers }) =>
    producers
      .filter((producer) => producer.producerId === producerId)
      .map(({ producerEpoch }) => ({ topic, partition, producerEpoch })),
  )
}

/** What the coordinator has decided about the transactions of an id. */
interface Decisions {
  last: Decision
  /** The last decision about each partition, by TOPIC/PARTITION. */
  readonly byPartition: Map<string, { readonly at: TopicPartition; readonly decision: Decision }>
}

/**
 * Reads the decisions about each id from the whole log of its coordinator's partition: this is rare, and how
 * long ago the broker died is unknown.
 */
async function decisionsOn(
  cluster: Cluster,
  transactionalIds: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Decisions>> {
  const count = (await cluster.topic(TRANSACTION_LOG)).partitions.length
  const wanted = new Set(transactionalIds)
  const partitions = [...new Set(transactionalIds.map((id) => coordinatingPartition(id, count)))]
  const found = new Map<string, Decisions>()
  const reading = new ReadingAll(
    cluster,
    { topics: [TRANSACTION_LOG], partitions, from: 'earliest', until: 'end' },
    async (batch) => {
      for (let i = 0; i < batch.length; i++) {
        if (batch.keyStart[i] < 0 || batch.valueStart[i] < 0) continue
        const id = readKey(batch.bytes.subarray(batch.keyStart[i], batch.keyEnd[i]))
        if (id === undefined || !wanted.has(id)) continue
        const decision = readDecision(batch.bytes.subarray(batch.valueStart[i], batch.valueEnd[i]))
        if (decision === undefined) continue
        const decisions = found.get(id) ?? { last: decision, byPartition: new Map() }
        decisions.last = decision
        for (const at of decision.partitions)
          decisions.byPartition.set(`${at.topic}/${at.partition}`, { at, decision })
        found.set(id, decisions)
      }
    },
  )
  const stop = (): void => void reading.stop()
  signal.addEventListener('abort', stop)
  try {
    await reading.done
  } finally {
    signal.removeEventListener('abort', stop)
  }
  if (signal.aborted) throw new KafkaError('stopped', 'Looking for the ends of transactions')
  return found
}

/**
 * Asks the leaders of the partitions, and asks again about those whose leader is changing: the leader of a new topic
 * may not know yet that it leads.
 */
async function atLeaders<C extends CodeOf>(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  what: string,
  ask: (
    leader: NonNullable<ReturnType<Cluster['leader']>>,
    partitions: readonly TopicPartition[],
  ) => Promise<C[]>,
): Promise<C[]> {
  const deadline = Date.now() + LEADER_LIMIT_MS
  const answers: C[] = []
  let left = partitions
  for (let attempt = 1; left.length > 0; attempt++) {
    for (const topic of new Set(left.map(({ topic }) => topic))) await cluster.topic(topic)
    const byLeader = Map.groupBy(left, ({ topic, partition }) => cluster.leader(topic, partition))
    const round = await Promise.all(
      [...byLeader].map(async ([leader, items]) => {
        try {
          if (leader !== undefined) return await ask(leader, items)
          throw new KafkaError('no-broker', `${items[0].topic}/${items[0].partition} has no leader`)
        } catch (error) {
          void cluster.refresh()
          throw error
        }
      }),
    )
    const again: C[] = []
    for (const answer of round.flat()) {
      const { errorCode, topic, partition } = answer
      if (errorCode === OK) answers.push(answer)
      else if (isTransient(errorCode) && Date.now() < deadline) again.push(answer)
      else throw brokerError(errorCode, `${what} ${topic}/${partition}`)
    }
    left = again
    if (left.length === 0) break
    await pause(RETRY_STEP_MS * attempt)
    await cluster.refresh()
  }
  return answers
}
