import { expect, test } from 'vitest'
import { lagWatch, watchLag } from './group-lag.ts'
import { metrics } from './metrics.ts'

const at = (partition: number, position: number, endOffset: number) => ({ topic: 'orders', partition, position, endOffset })

test('lag by partition, its sum and its greatest, and the time that it takes at the pace of the last minute', () => {
  let assignments = [at(0, 1000, 1000), at(1, 0, 5000)]
  const watch = lagWatch({ groupId: 'billing', assignments: () => assignments })
  const values = (now: number) => Object.fromEntries(watch.values(now).map(({ labels: { name, partition }, value }) => [partition === undefined ? name : `${name} ${partition}`, value]))
  watch.look(0)
  // Nothing has been read yet: how long it will take nobody knows.
  expect(values(0)).toEqual({ 'OffsetLag 0': 0, 'EstimatedTimeLag 0': 0, 'OffsetLag 1': 5000, 'SumOffsetLag': 5000, 'MaxOffsetLag': 5000 })
  assignments = [at(0, 1000, 1000), at(1, 2000, 5000)]
  watch.look(10_000)
  expect(values(10_000)).toEqual({
    'OffsetLag 0': 0, 'EstimatedTimeLag 0': 0, 'OffsetLag 1': 3000, 'EstimatedTimeLag 1': 15, 'SumOffsetLag': 3000, 'MaxOffsetLag': 3000, 'EstimatedMaxTimeLag': 15,
  })
  // The pace is that of the last minute only.
  assignments = [at(1, 2000, 5000)]
  for (let now = 20_000; now <= 90_000; now += 10_000) watch.look(now)
  expect(values(90_000)).toEqual({ 'OffsetLag 1': 3000, 'SumOffsetLag': 3000, 'MaxOffsetLag': 3000 })
})

test('nothing is said before the end is known, and nothing of other groups\' partitions', () => {
  expect(lagWatch({ groupId: 'billing', assignments: () => [at(0, 0, -1)] }).values(0)).toEqual([])
  expect(lagWatch({ groupId: 'billing', assignments: () => [] }).values(0)).toEqual([])
})

test('/metrics shows a group under the name of MSK as long as it is watched', async () => {
  const stop = watchLag({ groupId: 'billing', assignments: () => [at(3, 4, 10)] })
  const text = await metrics.metrics()
  expect(text).toContain('kafka_consumer_group_ConsumerLagMetrics_Value{name="SumOffsetLag",groupId="billing",topic="orders"} 6')
  expect(text).toContain('kafka_consumer_group_ConsumerLagMetrics_Value{name="OffsetLag",groupId="billing",topic="orders",partition="3"} 6')
  stop()
  expect(await metrics.metrics()).not.toContain('billing')
})
