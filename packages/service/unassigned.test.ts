import type { TopicPartition } from '@weir/kafka/port.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Unassigned } from './unassigned.ts'

const at = (partition: number): TopicPartition => ({ topic: 'orders', partition })
const START_MS = Date.UTC(2026, 0, 1)

/** A member with the partitions `own`, in a group whose members have the partitions `assigned()`. */
function member(own: readonly number[], assigned: () => readonly number[]): Unassigned {
  const mine = own.map((partition) => ({ ...at(partition), position: 0, startOffset: 0, endOffset: 0 }))
  const lag = [{ ...at(2), committed: 70, latest: 90, lag: 20 }]
  return new Unassigned(
    { groupId: 'billing', topics: ['orders'], assignments: () => mine },
    {
      partitions: async () => 4,
      admin: { assigned: async () => assigned().map(at), lag: async () => lag },
    },
  )
}

async function lookFor(group: Unassigned, ms: number): Promise<readonly unknown[]> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await group.look()
    vi.advanceTimersByTime(10_000)
  }
  await group.look()
  return group.stalled()
}

beforeEach(() => void vi.useFakeTimers({ now: START_MS }))
afterEach(() => void vi.useRealTimers())

test('a partition stands still after 30 s without a member, unless it is assigned again', async () => {
  let assigned = [0, 1, 3]
  const group = member([0, 1], () => assigned)
  expect(await lookFor(group, 20_000)).toEqual([])
  expect(await lookFor(group, 10_000)).toEqual([
    { ...at(2), offset: 70, sinceMs: START_MS, reason: 'no member of the group has it' },
  ])
  assigned = [0, 1, 2, 3]
  expect(await lookFor(group, 10_000)).toEqual([])
  assigned = [0, 1, 3]
  expect(await lookFor(group, 20_000)).toEqual([])
})

test('only the member with the first assigned partition reports', async () => {
  expect(
    await lookFor(
      member([3], () => [1, 3]),
      40_000,
    ),
  ).toEqual([])
  expect(
    await lookFor(
      member([1], () => [1, 3]),
      40_000,
    ),
  ).toMatchObject([at(0), at(2)])
  expect(
    await lookFor(
      member([], () => []),
      40_000,
    ),
  ).toHaveLength(4)
})

test('while the broker does not answer, nothing is reported, and the 30 s begin again afterwards', async () => {
  let answers = true
  const group = member([0], () => {
    if (!answers) throw new Error('no answer')
    return [0, 1, 3]
  })
  expect(await lookFor(group, 40_000)).toHaveLength(1)
  answers = false
  expect(await lookFor(group, 10_000)).toEqual([])
  answers = true
  expect(await lookFor(group, 20_000)).toEqual([])
  expect(await lookFor(group, 10_000)).toHaveLength(1)
})
