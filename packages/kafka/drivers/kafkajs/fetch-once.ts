/**
 * One fetch from one position, and the offset at one time, for callers that keep their positions themselves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaError } from '../../errors.ts'
import type { RecordBatch } from '../../port.ts'
import { type FetchedRecords, readBatches } from '../../records/batch-reader.ts'
import { UnreadableBatch } from '../../records/unreadable-batch.ts'
import { UnreadableTries } from '../../unreadable.ts'
import { offsetTime } from '../offset-time.ts'
import { fetchV12 } from '../platformatic/protocol/fetch.ts'
import type { Cluster } from './cluster.ts'
import { brokerError, toKafkaError, typeOf } from './errors.ts'
import { offsetsAt } from './offsets.ts'
import { flexible } from './protocol/flexible.ts'
import { retrying } from './retry.ts'

/** How long to look for a leader (ms). */
const PATIENCE = 10_000
/** NOT_LEADER_FOR_PARTITION: look for the leader again. */
const NOT_LEADER = 6
/** Fetches have a connection of their own, so that large answers delay only requests of the same kind. */
const SLOT = 1

export async function fetchOnce(
  cluster: Cluster,
  topic: string,
  partition: number,
  offset: number,
  maxBytes: number,
): Promise<RecordBatch> {
  const what = `Reading ${topic}/${partition} at ${offset}`
  const limits = { maxWait: 0, minBytes: 1, maxBytes, partitionMaxBytes: maxBytes, rack: '' }
  const ask = async (): Promise<FetchedRecords> => {
    const leader = cluster.leader(topic, partition)
    if (leader < 0) throw brokerError(NOT_LEADER)
    const link = await cluster.link(leader, SLOT)
    const question = { topic, topicId: '', partition, leaderEpoch: -1, position: offset }
    const { partitions } = await link.send(flexible(fetchV12, [question], limits))
    const [{ errorCode, records, aborted, lastStableOffset }] = partitions
    if (errorCode !== 0) {
      cluster.forgetLeader(topic, partition)
      throw brokerError(errorCode)
    }
    return { topic, partition, position: offset, bytes: records, aborted, endOffset: lastStableOffset }
  }
  const unreadable = new UnreadableTries()
  try {
    await cluster.partitions(topic)
    for (;;) {
      const fetched = await retrying(ask, () => cluster.refresh(), PATIENCE)
      try {
        return readBatches(fetched)
      } catch (error) {
        if (!(error instanceof UnreadableBatch)) throw error
        const instead = unreadable.failed(error, fetched.endOffset, cluster.log)
        if (instead !== undefined) return instead
        await sleep(unreadable.pauseMs)
      }
    }
  } catch (error) {
    throw typeOf(error) === 'OFFSET_OUT_OF_RANGE'
      ? new KafkaError('out-of-range', what, error)
      : toKafkaError(error, what)
  }
}

export async function offsetAt(
  cluster: Cluster,
  topic: string,
  partition: number,
  time: number | 'earliest' | 'latest',
): Promise<number> {
  const [offset] = await offsetsAt(cluster, topic, [partition], offsetTime(time))
  return offset < 0 ? offsetAt(cluster, topic, partition, 'latest') : offset
}
