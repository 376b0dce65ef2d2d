/** Where consumer groups begin, and their lag. */
import { groupFamilies } from '@weir/contracts/topics.ts'
import { type Admin, type GroupDescription, KafkaError, type PartitionLag } from '@weir/kafka'

/** A partition of a topic that a group reads. */
export interface GroupPartition extends PartitionLag {
  readonly group: string
  readonly state: string
}

/** A topic that a group reads. */
export interface GroupLag {
  readonly group: string
  readonly topic: string
  readonly state: string
  readonly parts: number
  readonly lag: number
  /** The lag of the partition furthest behind. */
  readonly most: number
}

/** Weir's own groups. Others pile up: the schema registry creates a new one at each start. */
export async function weirGroups(admin: Pick<Admin, 'groups'>): Promise<GroupDescription[]> {
  const prefixes = Object.keys(groupFamilies)
  return (await admin.groups()).filter(({ groupId }) => prefixes.some((prefix) => groupId.startsWith(prefix)))
}

/** Returns every partition of the topics that the groups read. */
export async function lagOfGroups(
  admin: Pick<Admin, 'lag'>,
  groups: readonly GroupDescription[],
): Promise<GroupPartition[]> {
  const rows = await Promise.all(
    groups.map(async ({ groupId, state }) =>
      (await admin.lag(groupId)).map(
        ({ topic, partition, committed, latest, lag }): GroupPartition => ({
          group: groupId,
          state,
          topic,
          partition,
          committed,
          latest,
          lag,
        }),
      ),
    ),
  )
  return rows
    .flat()
    .sort((a, b) => compare(a.group, b.group) || compare(a.topic, b.topic) || a.partition - b.partition)
}

export function lagByTopic(rows: readonly GroupPartition[]): GroupLag[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.group, row.topic]))
  return [...groups.values()].map((parts) => ({
    group: parts[0].group,
    topic: parts[0].topic,
    state: parts[0].state,
    parts: parts.length,
    lag: parts.reduce((total, { lag }) => total + lag, 0),
    most: Math.max(...parts.map(({ lag }) => lag)),
  }))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Commits the offsets at which a group begins, unless it has offsets of the topic already. Partitions that are not
 * named have none.
 */
export async function beginGroup(
  admin: Pick<Admin, 'lag' | 'setOffsets'>,
  groupId: string,
  topic: string,
  offsets: () => Promise<readonly { readonly partition: number; readonly offset: number }[]>,
): Promise<void> {
  const known = await admin.lag(groupId)
  if (known.some((lag) => lag.topic === topic && lag.committed >= 0)) return
  try {
    await admin.setOffsets(groupId, topic, await offsets())
  } catch (error) {
    // Another replica has already set the offsets and joined.
    if (!(error instanceof KafkaError) || error.code !== 'invalid-group') throw error
  }
}
