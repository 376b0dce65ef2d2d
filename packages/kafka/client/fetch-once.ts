/**
 * One fetch from one position, and the offset at one time, for callers that keep their positions themselves.
 */

import { pause } from '@weir/timing'
import { KafkaError } from '../errors.ts'
import type { RecordBatch } from '../port.ts'
import { readBatches } from '../records/batch-reader.ts'
import { UnreadableBatch } from '../records/unreadable-batch.ts'
import { UnreadableTries } from '../unreadable.ts'
import { backoff } from './backoff.ts'
import type { Cluster } from './cluster.ts'
import { offsetsAt } from './consume/offsets.ts'
import { offsetTime } from './offset-time.ts'
import { brokerError, isTransient, NOT_LEADER, OFFSET_OUT_OF_RANGE, OK } from './protocol/codes.ts'
import { fetchV12 } from './protocol/fetch.ts'
import { LATEST } from './protocol/offsets.ts'

/** How long to look for a leader (ms). */
const PATIENCE = 10_000
const LANE = 'fetch-once'

export async function fetchOnce(
  cluster: Cluster,
  topic: string,
  partition: number,
  offset: number,
  maxBytes: number,
): Promise<RecordBatch> {
  const what = `Reading ${topic}/${partition} at ${offset}`
  await cluster.topic(topic)
  const deadline = Date.now() + PATIENCE
  const unreadable = new UnreadableTries()
  for (let attempt = 0; ; attempt++) {
    let failure: KafkaError
    let endOffset = offset
    try {
      const { errorCode, lastStableOffset, aborted, records } = await ask(
        cluster,
        topic,
        partition,
        offset,
        maxBytes,
      )
      endOffset = lastStableOffset
      const fetched = { topic, partition, position: offset, bytes: records, aborted, endOffset }
      if (errorCode === OK) return readBatches(fetched)
      if (errorCode === OFFSET_OUT_OF_RANGE) throw new KafkaError('out-of-range', what)
      failure = brokerError(errorCode, what)
      if (!isTransient(errorCode)) throw failure
    } catch (error) {
      if (error instanceof UnreadableBatch) {
        const instead = unreadable.failed(error, endOffset, cluster.log)
        if (instead !== undefined) return instead
        await pause(unreadable.pauseMs)
        continue
      }
      if (!(error instanceof KafkaError) || !error.retriable) throw error
      failure = error
    }
    if (Date.now() > deadline) throw failure
    await pause(backoff(attempt, 20, 500))
    await cluster.refresh(topic)
  }
}

async function ask(cluster: Cluster, topic: string, partition: number, position: number, maxBytes: number) {
  const leader = cluster.leader(topic, partition)
  if (leader === undefined) throw brokerError(NOT_LEADER, `Reading ${topic}/${partition}`)
  const limits = { maxWait: 0, minBytes: 1, maxBytes, partitionMaxBytes: maxBytes, rack: '' }
  const { errorCode, partitions } = await cluster.call(
    leader,
    LANE,
    fetchV12,
    [{ topic, topicId: '', partition, leaderEpoch: -1, position }],
    limits,
  )
  if (errorCode !== OK || partitions.length === 0)
    throw brokerError(errorCode, `Reading ${topic}/${partition}`)
  return partitions[0]
}

export async function offsetAt(
  cluster: Cluster,
  topic: string,
  partition: number,
  time: number | 'earliest' | 'latest',
): Promise<number> {
  await cluster.topic(topic)
  const at = { topic, partition }
  const find = async (when: number): Promise<number> =>
    (await offsetsAt(cluster, [at], when, AbortSignal.timeout(PATIENCE))).get(at)!
  const offset = await find(offsetTime(time))
  return offset < 0 ? find(LATEST) : offset
}
