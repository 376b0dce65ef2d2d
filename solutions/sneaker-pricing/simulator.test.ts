import { describe, expect, test } from 'vitest'
import { simulator } from './simulator.ts'

/** 2026-01-05T12:00:00Z. */
const START = 1_767_614_400_000
const ID = 'sneaker-001'

/** Returns the clicks on the product in each of some minutes. The entry is read anew every second, as from the table. */
function clicks(minutes: number, entryAt: (minute: number) => object | undefined): number[] {
  const world = simulator.world({ devices: 1, seed: 7 })
  return Array.from({ length: minutes }, (_, minute) => {
    let count = 0
    for (let second = 0; second < 60; second++) {
      const entry = entryAt(minute)
      const controls = new Map(entry && [[ID, { ...entry }]])
      const reports = world.next(START + minute * 60_000 + second * 1000, controls) as any[]
      count += reports.filter(
        ({ productId, stock, visitId }) => productId === ID && visitId && stock >= 0,
      ).length
    }
    return count
  })
}
const sum = (counts: number[], from: number, to: number) =>
  counts.slice(from, to).reduce((all, count) => all + count, 0)

describe('a trend', () => {
  const usual = clicks(40, () => undefined)

  test('rises though its entry is read again and again, and ends after its minutes', () => {
    const trending = clicks(40, () => ({ strength: 8, minutes: 20 }))
    expect(sum(trending, 2, 10)).toBeGreaterThan(3 * sum(usual, 2, 10))
    expect(sum(trending, 21, 40)).toBeLessThan(1.5 * sum(usual, 21, 40))
  })

  test('ends with its entry, and begins again with another one', () => {
    const entryAt = (minute: number) =>
      minute < 5 || minute >= 20
        ? { strength: 8, minutes: 20, startedAt: START + minute - (minute % 20) }
        : undefined
    const trending = clicks(40, entryAt)
    expect(sum(trending, 6, 20)).toBeLessThan(1.5 * sum(usual, 6, 20))
    expect(sum(trending, 22, 30)).toBeGreaterThan(3 * sum(usual, 22, 30))
  })

  test('that was over before the shop opened does not begin', () => {
    const over = { strength: 8, minutes: 20, startedAt: START - 21 * 60_000 }
    expect(clicks(10, () => over)).toEqual(usual.slice(0, 10))
  })
})
