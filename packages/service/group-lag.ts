/**
 * Exports consumer lag in /metrics under the names of Amazon MSK's open monitoring (developer guide, "Monitor
 * consumer lags"), so that its dashboards and alerts keep working. The values cover the partitions that this
 * instance reads: add SumOffsetLag over the instances, take the maximum of the others.
 */
import { lagOf } from '@weir/kafka/lag.ts'
import type { Subscription } from '@weir/kafka/port.ts'

type Group = Pick<Subscription, 'groupId' | 'assignments'>

/** The time over which the pace of a group is measured (ms). */
const PACE_MS = 60_000
/** The time between two samples (ms). */
export const LOOK_MS = 5_000

interface Look {
  readonly time: number
  readonly position: number
}

/** How fast a group advances in each of its partitions. */
class Pace {
  readonly #looks = new Map<string, Look[]>()
  #last = -Infinity

  look(group: Group, now: number): void {
    if (now - this.#last < LOOK_MS) return
    this.#last = now
    const assigned = group.assignments()
    const here = new Set(assigned.map(keyOf))
    for (const key of this.#looks.keys()) if (!here.has(key)) this.#looks.delete(key)
    for (const at of assigned) {
      const looks = (this.#looks.get(keyOf(at)) ?? []).filter(({ time }) => now - time <= PACE_MS)
      looks.push({ time: now, position: at.position })
      this.#looks.set(keyOf(at), looks)
    }
  }

  /**
   * Returns the seconds to read `lag` records at the pace of the last minute; undefined while nothing is
   * being read.
   */
  seconds(
    at: { topic: string; partition: number; position: number },
    lag: number,
    now: number,
  ): number | undefined {
    if (lag === 0) return 0
    const first = this.#looks.get(keyOf(at))?.[0]
    const read = first === undefined ? 0 : at.position - first.position
    return read > 0 ? (lag * (now - first!.time)) / read / 1000 : undefined
  }
}

const keyOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`

export interface GroupValue {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** Samples one group. `now` is a time in ms. */
export function lagWatch(group: Group): { look(now: number): void; values(now: number): GroupValue[] } {
  const pace = new Pace()
  return {
    look: (now) => pace.look(group, now),
    values(now) {
      const { groupId } = group
      const values: GroupValue[] = []
      for (const [topic, partitions] of Map.groupBy(group.assignments(), ({ topic }) => topic)) {
        // Before the first fetch, the end of the partition is unknown.
        const lags = partitions
          .filter(({ endOffset }) => endOffset >= 0)
          .map((at) => ({ at, lag: lagOf(at) }))
        if (lags.length === 0) continue
        const times: number[] = []
        for (const { at, lag } of lags) {
          values.push({ labels: { name: 'OffsetLag', groupId, topic, partition: at.partition }, value: lag })
          const seconds = pace.seconds(at, lag, now)
          if (seconds === undefined) continue
          times.push(seconds)
          values.push({
            labels: { name: 'EstimatedTimeLag', groupId, topic, partition: at.partition },
            value: seconds,
          })
        }
        values.push({
          labels: { name: 'SumOffsetLag', groupId, topic },
          value: lags.reduce((sum, { lag }) => sum + lag, 0),
        })
        values.push({
          labels: { name: 'MaxOffsetLag', groupId, topic },
          value: Math.max(...lags.map(({ lag }) => lag)),
        })
        if (times.length === lags.length)
          values.push({ labels: { name: 'EstimatedMaxTimeLag', groupId, topic }, value: Math.max(...times) })
      }
      return values
    },
  }
}
