import { passedOver } from '@weir/kafka/unreadable.ts'
import { fastify } from 'fastify'
import { expect, test, vi } from 'vitest'
import { stalls, watchGroup } from './groups.ts'
import { health } from './health.ts'
import { metrics } from './metrics.ts'
import type { GroupKafka } from './unassigned.ts'

const partition = { topic: 'orders', partition: 3 }
const kafka = (assigned: () => number[]): GroupKafka => ({
  partitions: async () => 4,
  admin: {
    assigned: async () => assigned().map((number) => ({ topic: 'orders', partition: number })),
    lag: async () => [],
  },
})
const ALL = kafka(() => [0, 1, 2, 3])
const GROUP = { groupId: 'billing', topics: ['orders'], assignments: () => [], stalled: () => [] }
const STALLED = {
  ...partition,
  offset: 4,
  sinceMs: 1_700_000_000_000,
  reason: 'its handler rejects (TypeError)',
}

test('/metrics shows a group while it is watched', async () => {
  const assignment = { ...partition, position: 4, startOffset: 0, endOffset: 10 }
  const stop = watchGroup({ ...GROUP, assignments: () => [assignment] }, ALL)
  const text = await metrics.metrics()
  const lag = 'kafka_consumer_group_ConsumerLagMetrics_Value'
  expect(text).toContain(`${lag}{name="SumOffsetLag",groupId="billing",topic="orders"} 6`)
  expect(text).toContain(`${lag}{name="OffsetLag",groupId="billing",topic="orders",partition="3"} 6`)
  expect(text).toContain('weir_group_stalled_partitions{group="billing"} 0')
  stop()
  expect(await metrics.metrics()).not.toContain('billing')
})

test('/readyz answers 503 with the place and the reason while a partition stands still', async () => {
  const app = fastify()
  health(app, { kafka: () => true }, () => false, true)
  let stalled = [STALLED]
  const stop = watchGroup({ ...GROUP, stalled: () => stalled }, ALL)
  const ready = async () => {
    const answer = await app.inject('/readyz')
    return [answer.statusCode, answer.json()]
  }
  const { sinceMs, ...named } = STALLED
  expect(await ready()).toEqual([
    503,
    {
      ready: false,
      stopping: false,
      dependencies: { kafka: 'ready' },
      stalled: [{ group: 'billing', ...named, since: new Date(sinceMs).toISOString() }],
    },
  ])
  expect(await metrics.metrics()).toContain('weir_group_stalled_partitions{group="billing"} 1')
  stalled = []
  expect(await ready()).toEqual([200, { ready: true, stopping: false, dependencies: { kafka: 'ready' } }])
  stop()
  await app.close()
})

test('a tolerated stall is listed and counted, and the service stays ready', async () => {
  const app = fastify()
  health(app, {}, () => false, true)
  const stop = watchGroup({ ...GROUP, stalled: () => [{ ...STALLED, tolerated: true }] }, ALL)
  const answer = await app.inject('/readyz')
  expect([answer.statusCode, answer.json()]).toMatchObject([
    200,
    { ready: true, stalled: [{ group: 'billing' }] },
  ])
  expect(answer.json().stalled[0]).not.toHaveProperty('tolerated')
  expect(await metrics.metrics()).toContain('weir_group_stalled_partitions{group="billing"} 1')
  stop()
  await app.close()
})

test('a partition without a member is reported as standing still', async () => {
  vi.useFakeTimers()
  const mine = { topic: 'orders', partition: 0, position: 0, startOffset: 0, endOffset: 0 }
  const stop = watchGroup(
    { ...GROUP, assignments: () => [mine] },
    kafka(() => [0, 1, 2]),
  )
  await vi.advanceTimersByTimeAsync(30_000)
  expect(await metrics.metrics()).toContain('weir_group_stalled_partitions{group="billing"} 0')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await metrics.metrics()).toContain('weir_group_stalled_partitions{group="billing"} 1')
  expect(stalls()).toMatchObject([
    { group: 'billing', ...partition, reason: 'no member of the group has it' },
  ])
  stop()
  vi.useRealTimers()
})

test('/metrics counts the record batches that were skipped', async () => {
  passedOver.set('orders', 2)
  expect(await metrics.metrics()).toContain('weir_unreadable_batches_total{topic="orders"} 2')
  passedOver.delete('orders')
})
