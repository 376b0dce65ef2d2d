/** One fetch from one place, and the offset at one time: for callers that keep their positions themselves. */
import { KafkaError } from '../../errors.ts'
import type { RecordBatch } from '../../port.ts'
import { readBatches } from '../../records/batch-reader.ts'
import { offsetTime } from '../offset-time.ts'
import type { Cluster } from './cluster.ts'
import { brokerError, toKafkaError, typeOf } from './errors.ts'
import { offsetsAt } from './offsets.ts'
import { fetch } from './protocol/fetch.ts'
import { retrying } from './retry.ts'

/** How long a leader is looked for (ms). */
const PATIENCE = 10_000
/** NOT_LEADER_FOR_PARTITION: look for the leader again. */
const NOT_LEADER = 6
/** A connection of its own, so that large answers hold up nobody's requests but those of the same kind. */
const SLOT = 1

export async function fetchOnce(cluster: Cluster, topic: string, partition: number, offset: number, maxBytes: number): Promise<RecordBatch> {
  const what = `Reading ${topic}/${partition} at ${offset}`
  const ask = async (): Promise<RecordBatch> => {
    const leader = cluster.leader(topic, partition)
    if (leader < 0) throw brokerError(NOT_LEADER)
    const link = await cluster.link(leader, SLOT)
    const [{ errorCode, bytes, aborted, lastStableOffset }] = await link.send(fetch([{ topic, partition, offset }], 0, '', maxBytes))
    if (errorCode !== 0) {
      cluster.forgetLeader(topic, partition)
      throw brokerError(errorCode)
    }
    return readBatches({ topic, partition, position: offset, bytes, aborted, endOffset: lastStableOffset })
  }
  try {
    await cluster.partitions(topic)
    return await retrying(ask, () => cluster.refresh(), PATIENCE)
  } catch (error) {
    throw typeOf(error) === 'OFFSET_OUT_OF_RANGE' ? new KafkaError('out-of-range', what, error) : toKafkaError(error, what)
  }
}

export async function offsetAt(cluster: Cluster, topic: string, partition: number, time: number | 'earliest' | 'latest'): Promise<number> {
  const [offset] = await offsetsAt(cluster, topic, [partition], offsetTime(time))
  return offset < 0 ? offsetAt(cluster, topic, partition, 'latest') : offset
}
