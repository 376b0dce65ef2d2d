import { expect, test } from 'vitest'
import { PartitionChoice } from './partition-choice.ts'

const KIB = 1024

/** Puts requests of 16 KiB for some seconds. Returns the number of requests that each partition got. */
function spread(choice: PartitionChoice, from: number, seconds: number, bytesPerSecond: number): number[] {
  const counts = [0, 0, 0, 0, 0, 0]
  const pauseMs = (16 * KIB * 1000) / bytesPerSecond
  for (let now = from; now < from + seconds * 1000; now += pauseMs) counts[choice.take(16 * KIB, now)]++
  return counts
}

test('a slow delivery stream uses one partition', () => {
  const now = performance.now()
  const counts = spread(new PartitionChoice(6, 4), now, 60, 1000 * KIB)
  expect(counts.map((count) => count > 0)).toEqual([false, false, false, false, true, false])
})

test('a faster one uses as many as it needs, the fastest all of them alike', () => {
  const now = performance.now()
  const some = spread(new PartitionChoice(6, 4), now, 60, 2500 * KIB)
  expect(some.map((count) => count > 0)).toEqual([true, false, false, false, true, true])
  const all = spread(new PartitionChoice(6, 4), now, 60, 60_000 * KIB)
  expect(Math.max(...all) / Math.min(...all)).toBeLessThan(1.1)
})

test('it uses one again when it has become slow', () => {
  const now = performance.now()
  const choice = new PartitionChoice(6, 0)
  spread(choice, now, 60, 60_000 * KIB)
  spread(choice, now + 60_000, 2, 100 * KIB)
  expect(spread(choice, now + 62_000, 10, 1000 * KIB).filter((count) => count > 0)).toHaveLength(1)
})
