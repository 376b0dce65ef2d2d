import { expect, test } from 'vitest'
import { StateReader, StateWriter } from './bytes.ts'
import { Random } from './forest/random.ts'
import { SortedWindow } from './sorted-window.ts'

const middle = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[at]! : (sorted[at - 1]! + sorted[at]!) / 2
}

test.each([8, 9, 50])('a window of %i has the median and the median distance of its values', (capacity) => {
  const random = new Random(capacity)
  const window = new SortedWindow(capacity)
  const all: number[] = []
  for (let i = 0; i < 2_000; i++) {
    const value = Math.round(random.next() * 20) / 4
    window.add(value)
    all.push(value)
    const values = all.slice(-capacity)
    const median = middle(values)
    expect(window.median()).toBe(median)
    expect(window.medianDistance(median)).toBe(middle(values.map((one) => Math.abs(one - median))))
    expect(window.mean()).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 12)
  }
})

test('a shorter window keeps the newest values of a longer one', () => {
  const long = new SortedWindow(10)
  for (let i = 0; i < 15; i++) long.add(i)
  const to = new StateWriter()
  long.write(to)
  const short = new SortedWindow(4)
  short.read(new StateReader(to.finish()))
  expect([short.median(), short.mean()]).toEqual([12.5, 12.5])
  short.add(100)
  expect(short.mean()).toBe((12 + 13 + 14 + 100) / 4)
})
