/**
 * Reports the consumer groups of this process in /metrics and on /readyz: their lag and their stalled
 * partitions.
 */

import type { StalledPartition, Subscription } from '@weir/kafka/port.ts'
import { passedOver } from '@weir/kafka/unreadable.ts'
import type { Metric } from 'prom-client'
import { type GroupValue, LOOK_MS, lagWatch } from './group-lag.ts'
import { metrics } from './metrics.ts'
import { type GroupKafka, UNASSIGNED_LOOK_MS, Unassigned } from './unassigned.ts'

/** A stalled partition of a group, or of a part of the service that watches its own. */
export interface GroupStall extends StalledPartition {
  /** True if the service is ready all the same: a user's mapping waits for the user's destination. */
  readonly tolerated?: true
}

interface Group extends Pick<Subscription, 'groupId' | 'topics' | 'assignments'> {
  stalled(): readonly GroupStall[]
}

interface Watch {
  readonly lag: ReturnType<typeof lagWatch>
  readonly unassigned: Unassigned
}

const watched = new Map<Group, Watch>()

/** Watches a member of a group until the returned function is called. Every member must be watched. */
export function watchGroup(group: Group, kafka: GroupKafka): () => void {
  const lag = lagWatch(group)
  const unassigned = new Unassigned(group, kafka)
  watched.set(group, { lag, unassigned })
  const timers = [
    setInterval(() => lag.look(Date.now()), LOOK_MS).unref(),
    setInterval(() => void unassigned.look(), UNASSIGNED_LOOK_MS).unref(),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
    watched.delete(group)
  }
}

export interface Stall extends GroupStall {
  readonly group: string
}

/**
 * Lists this process's stalled partitions, and those without a member if this process reports them for its
 * group.
 */
export function stalls(): Stall[] {
  return [...watched].flatMap(([group, { unassigned }]) =>
    [...group.stalled(), ...unassigned.stalled()].map((stall) => ({ group: group.groupId, ...stall })),
  )
}

/** Registers a metric that is computed when it is collected. */
function register(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  values: () => readonly GroupValue[],
): void {
  const get = async () => ({ name, help, type, aggregator: 'sum', values: values() })
  const metric = { name, help, type, reset() {}, get }
  metrics.registerMetric(metric as unknown as Metric)
}

register(
  'kafka_consumer_group_ConsumerLagMetrics_Value',
  'gauge',
  'Consumer lag as Amazon MSK names it: OffsetLag and EstimatedTimeLag (s) of a partition; ' +
    "SumOffsetLag, MaxOffsetLag and EstimatedMaxTimeLag (s) of this instance's partitions.",
  () => [...watched.values()].flatMap(({ lag }) => lag.values(Date.now())),
)

register(
  'weir_group_stalled_partitions',
  'gauge',
  'Partitions that have not progressed for 30 s: their handler rejects, or nothing can be fetched, or no member of the group has them (one member counts these).',
  () => {
    const counts = new Map([...watched.keys()].map(({ groupId }) => [groupId, 0]))
    for (const { group } of stalls()) counts.set(group, counts.get(group)! + 1)
    return [...counts].map(([group, value]) => ({ labels: { group }, value }))
  },
)

register(
  'weir_unreadable_batches_total',
  'counter',
  'Record batches that were skipped because their bytes break the format.',
  () => [...passedOver].map(([topic, value]) => ({ labels: { topic }, value })),
)
