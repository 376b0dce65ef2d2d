/** Where reading begins. */
import type { Cluster } from './cluster.ts'
import { typeOf } from './errors.ts'
import { EARLIEST, LATEST, committedOffset, offsetsAt } from './offsets.ts'

export interface Start {
  readonly offset: number
  /** False where the group has no offset there yet: then `latest` must be committed, or a restart would skip what came in between. */
  readonly committed: boolean
}

/**
 * Where a group goes on reading: at its committed offset, else at `startAt`.
 * @param read the committed offset, -1 for none
 * @param after the failure that made the partition begin anew; where the position is out of range, the nearest offset that exists is taken
 */
export async function startOffset(
  cluster: Cluster, groupId: string, topic: string, partition: number, startAt: 'earliest' | 'latest', after: unknown,
  read = () => committedOffset(cluster, groupId, topic, partition),
): Promise<Start> {
  const committed = await read()
  if (committed < 0) {
    const [offset] = await offsetsAt(cluster, topic, [partition], startAt === 'earliest' ? EARLIEST : LATEST)
    return { offset, committed: false }
  }
  if (typeOf(after) !== 'OFFSET_OUT_OF_RANGE') return { offset: committed, committed: true }
  return { offset: await nearest(cluster, topic, partition, committed), committed: true }
}

/** The offset itself where it exists, else the nearest that does. */
export async function nearest(cluster: Cluster, topic: string, partition: number, offset: number): Promise<number> {
  const [[earliest], [latest]] = await Promise.all([offsetsAt(cluster, topic, [partition], EARLIEST), offsetsAt(cluster, topic, [partition], LATEST)])
  return Math.min(Math.max(offset, earliest), latest)
}
