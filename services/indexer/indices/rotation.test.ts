import { describe, expect, test } from 'vitest'
import { indexNames, indexSuffix, isEventTime } from './rotation.ts'

const at = (iso: string): number => Date.parse(iso)

describe('index names', () => {
  test('are in UTC, by hour, day or month', () => {
    expect(indexSuffix('hour', at('2026-11-22T05:59:59.999Z'))).toBe('2026.11.22.05')
    expect(indexSuffix('hour', at('2026-11-22T06:00:00.000+06:00'))).toBe('2026.11.22.00')
    expect(indexSuffix('day', at('2026-11-22T23:59:59.999Z'))).toBe('2026.11.22')
    expect(indexSuffix('day', at('2026-11-23T00:00:00.000Z'))).toBe('2026.11.23')
    expect(indexSuffix('month', at('2024-02-29T12:00:00Z'))).toBe('2024.02')
  })

  // From ISO 8601 week tables: the year of a week is that of its Thursday.
  test.each([
    ['2026-11-22', '2026.w47'],
    ['2026-11-23', '2026.w48'],
    ['2021-01-03', '2020.w53'],
    ['2021-01-04', '2021.w01'],
    ['2016-01-03', '2015.w53'],
    ['2016-01-04', '2016.w01'],
    ['2018-12-30', '2018.w52'],
    ['2018-12-31', '2019.w01'],
    ['2024-12-29', '2024.w52'],
    ['2024-12-30', '2025.w01'],
    ['2027-01-01', '2026.w53'],
    ['1970-01-01', '1970.w01'],
  ])('by week have for %s the week %s', (day, week) => {
    expect(indexSuffix('week', at(`${day}T00:00:00Z`))).toBe(week)
    expect(indexSuffix('week', at(`${day}T23:59:59.999Z`))).toBe(week)
  })

  test('by week give every week its seven days, for forty years', () => {
    const counts = new Map<string, number>()
    const monday = at('2000-01-03T00:00:00Z')
    for (let day = 0; day < 7 * 52 * 40; day++) {
      const name = indexSuffix('week', monday + day * 86_400_000)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect([...new Set(counts.values())]).toEqual([7])
  })

  test('do not depend on earlier calls', () => {
    const name = indexNames({ prefix: 'taxi', rotation: 'day' })
    const before = name(at('2026-11-22T23:59:59.999Z'))
    for (let i = 0; i < 3000; i++) name(i * 86_400_000)
    expect(name(at('2026-11-22T00:00:00Z'))).toBe(before)
    expect(before).toBe('taxi-2026.11.22')
  })

  test('need an event time in the years 1970 to 9999', () => {
    for (const time of [0, 1.5, at('9999-12-31T23:59:59.999Z')]) expect(isEventTime(time)).toBe(true)
    for (const time of [
      -1,
      Number.NaN,
      Infinity,
      at('9999-12-31T23:59:59.999Z') + 1,
      '2026',
      null,
      undefined,
      5n,
    ])
      expect(isEventTime(time)).toBe(false)
  })
})
