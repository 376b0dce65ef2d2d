/**
 * Ends a transaction that its coordinator has decided, but whose markers never reached a partition. Kafka 4.3
 * loses the markers of transactions that a broker is ending while it dies. On its return the broker finds
 * partitions without a leader, takes them for deleted and notifies nobody (TransactionMarkerChannelManager:
 * "likely deleted already and hence can be skipped"). The group's offset then stays unreadable, and readers
 * remain at the last stable offset before the output, for good. The decision is still in the coordinator's
 * log; this module carries it out as the coordinator would have.
 */
import { KafkaError } from '../../errors.ts'
import type { Cluster } from '../cluster.ts'
import { brokerError, OK } from '../protocol/codes.ts'
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

/**
 * Ends the id's last transaction if it is decided, yet open in a partition. The id must have been taken over
 * (InitProducerId) before.
 */
export async function endLostTransaction(
  cluster: Cluster,
  transactionalId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await carryOut(cluster, transactionalId, signal)
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'not-authorized') throw error
    throw new KafkaError(
      'lost-transaction',
      `The last transaction of ${transactionalId} hangs, and this principal may not end it`,
      error,
    )
  }
}

async function carryOut(cluster: Cluster, transactionalId: string, signal: AbortSignal): Promise<void> {
  const { partitions: coordinators } = await cluster.topic(TRANSACTION_LOG)
  const { partition, leaderEpoch } = coordinators[coordinatingPartition(transactionalId, coordinators.length)]
  const decision = await lastDecision(cluster, transactionalId, partition, signal)
  if (decision === undefined) throw undecided(transactionalId)
  const { producerId, producerEpoch, commit } = decision
  const open = await openIn(cluster, producerId, decision.partitions)
  if (open.length === 0) throw undecided(transactionalId)
  await atLeaders(cluster, open, async (leader, partitions) => {
    const codes = await cluster.call(leader, LANE, writeTxnMarkers, {
      producerId,
      producerEpoch,
      commit,
      coordinatorEpoch: leaderEpoch,
      partitions,
    })
    return refuseErrors(codes, 'Ending a transaction in')
  })
  cluster.log.warn(
    { transactionalId, commit, partitions: open.map(({ topic, partition }) => `${topic}/${partition}`) },
    'The broker lost the end of a transaction when it was killed; it was written again as the coordinator had decided',
  )
}

/** Returns those of the partitions in which the producer has an open transaction. */
export async function openIn(
  cluster: Cluster,
  producerId: bigint,
  partitions: readonly TopicPartition[],
): Promise<TopicPartition[]> {
  const answers = await atLeaders(cluster, partitions, async (leader, items) =>
    refuseErrors(
      await cluster.call(leader, LANE, describeProducers, items),
      'Looking for open transactions in',
    ),
  )
  return answers
    .filter(({ producerIds }) => producerIds.includes(producerId))
    .map(({ topic, partition }) => ({ topic, partition }))
}

/**
 * Reads the last decision from the whole log of the coordinator's partition: this is rare, and how long ago
 * the broker died is unknown.
 */
async function lastDecision(
  cluster: Cluster,
  transactionalId: string,
  partition: number,
  signal: AbortSignal,
): Promise<Decision | undefined> {
  let last: Decision | undefined
  const reading = new ReadingAll(
    cluster,
    { topics: [TRANSACTION_LOG], partitions: [partition], from: 'earliest', until: 'end' },
    async (batch) => {
      for (let i = 0; i < batch.length; i++) {
        if (batch.keyStart[i] < 0 || batch.valueStart[i] < 0) continue
        if (readKey(batch.bytes.subarray(batch.keyStart[i], batch.keyEnd[i])) !== transactionalId) continue
        last = readDecision(batch.bytes.subarray(batch.valueStart[i], batch.valueEnd[i])) ?? last
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
  if (signal.aborted)
    throw new KafkaError('stopped', `Looking for the end of the last transaction of ${transactionalId}`)
  return last
}

async function atLeaders<R>(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  ask: (
    leader: NonNullable<ReturnType<Cluster['leader']>>,
    partitions: readonly TopicPartition[],
  ) => Promise<R[]>,
): Promise<R[]> {
  for (const topic of new Set(partitions.map(({ topic }) => topic))) await cluster.topic(topic)
  const byLeader = Map.groupBy(partitions, ({ topic, partition }) => cluster.leader(topic, partition))
  return (
    await Promise.all(
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
  ).flat()
}

function refuseErrors<C extends CodeOf>(codes: readonly C[], what: string): C[] {
  for (const { topic, partition, errorCode } of codes)
    if (errorCode !== OK) throw brokerError(errorCode, `${what} ${topic}/${partition}`)
  return [...codes]
}

function undecided(transactionalId: string): KafkaError {
  return new KafkaError(
    'lost-transaction',
    `The last transaction of ${transactionalId} hangs, and its coordinator's log does not say how it ends`,
  )
}
