import { expect, test } from 'vitest'
import { lagWatch } from './group-lag.ts'

const at = (partition: number, position: number, endOffset: number, startOffset = 0) => ({
  topic: 'orders',
  partition,
  position,
  startOffset,
  endOffset,
})

test('the lag is shown by partition, as sum and maximum, and as time at the pace of the last minute', () => {
  let assignments = [at(0, 1000, 1000), at(1, 0, 5000)]
  const watch = lagWatch({ groupId: 'billing', assignments: () => assignments })
  const values = (now: number) =>
    Object.fromEntries(
      watch
        .values(now)
        .map(({ labels: { name, partition }, value }) => [
          partition === undefined ? name : `${name} ${partition}`,
          value,
        ]),
    )
  watch.look(0)
  // Nothing has been read yet, so the time lag is unknown.
  expect(values(0)).toEqual({
    'OffsetLag 0': 0,
    'EstimatedTimeLag 0': 0,
    'OffsetLag 1': 5000,
    SumOffsetLag: 5000,
    MaxOffsetLag: 5000,
  })
  assignments = [at(0, 1000, 1000), at(1, 2000, 5000)]
  watch.look(10_000)
  expect(values(10_000)).toEqual({
    'OffsetLag 0': 0,
    'EstimatedTimeLag 0': 0,
    'OffsetLag 1': 3000,
    'EstimatedTimeLag 1': 15,
    SumOffsetLag: 3000,
    MaxOffsetLag: 3000,
    EstimatedMaxTimeLag: 15,
  })
  // The pace covers the last minute only.
  assignments = [at(1, 2000, 5000)]
  for (let now = 20_000; now <= 90_000; now += 10_000) watch.look(now)
  expect(values(90_000)).toEqual({ 'OffsetLag 1': 3000, SumOffsetLag: 3000, MaxOffsetLag: 3000 })
})

test('nothing is shown before the end offset is known, or for partitions without an assignment', () => {
  expect(lagWatch({ groupId: 'billing', assignments: () => [at(0, 0, -1)] }).values(0)).toEqual([])
  expect(lagWatch({ groupId: 'billing', assignments: () => [] }).values(0)).toEqual([])
})

test('records that were removed before they were read do not count as lag', () => {
  const assignments = [at(0, 333, 356, 356), at(1, 10, 20, 15)]
  const values = lagWatch({ groupId: 'billing', assignments: () => assignments }).values(0)
  expect(values.filter(({ labels }) => labels.name === 'OffsetLag').map(({ value }) => value)).toEqual([0, 5])
})
