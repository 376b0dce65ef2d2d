/** The consumer groups of this process: their lag and the partitions that stand still, in /metrics and on /readyz. */
import type { Metric } from 'prom-client'
import type { StalledPartition, Subscription } from '@weir/kafka/port.ts'
import { passedOver } from '@weir/kafka/unreadable.ts'
import { lagWatch, LOOK_MS, type GroupValue } from './group-lag.ts'
import { metrics } from './metrics.ts'

type Group = Pick<Subscription, 'groupId' | 'assignments' | 'stalled'>

const watched = new Map<Group, ReturnType<typeof lagWatch>>()

/** Every member of a group is to be watched, until the function that comes back is called. */
export function watchGroup(group: Group): () => void {
  const lag = lagWatch(group)
  watched.set(group, lag)
  const timer = setInterval(() => lag.look(Date.now()), LOOK_MS).unref()
  return () => {
    clearInterval(timer)
    watched.delete(group)
  }
}

export interface Stall extends StalledPartition {
  readonly group: string
}

/** What stands still in this process. */
export function stalls(): Stall[] {
  return [...watched.keys()].flatMap((group) => group.stalled().map((stall) => ({ group: group.groupId, ...stall })))
}

/** A metric that is worked out when it is asked for. */
function register(name: string, type: 'gauge' | 'counter', help: string, values: () => readonly GroupValue[]): void {
  const get = async () => ({ name, help, type, aggregator: 'sum', values: values() })
  const metric = { name, help, type, reset() {}, get }
  metrics.registerMetric(metric as unknown as Metric)
}

register('kafka_consumer_group_ConsumerLagMetrics_Value', 'gauge',
  'Consumer lag as Amazon MSK names it: OffsetLag and EstimatedTimeLag (s) of a partition; '
  + 'SumOffsetLag, MaxOffsetLag and EstimatedMaxTimeLag (s) of this instance\'s partitions.',
  () => [...watched.values()].flatMap((lag) => lag.values(Date.now())))

register('weir_group_stalled_partitions', 'gauge',
  'Partitions of this instance that have not got on for 30 s: their handler rejects, or nothing can be fetched.',
  () => {
    const counts = new Map([...watched.keys()].map(({ groupId }) => [groupId, 0]))
    for (const { group } of stalls()) counts.set(group, counts.get(group)! + 1)
    return [...counts].map(([group, value]) => ({ labels: { group }, value }))
  })

register('weir_unreadable_batches_total', 'counter',
  'Record batches that were passed over because their bytes break the format.',
  () => [...passedOver].map(([topic, value]) => ({ labels: { topic }, value })))
