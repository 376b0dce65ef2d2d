import { beforeAll, expect, test } from 'vitest'
import { FEATURES } from '../features.ts'
import { type HistoryRow, history } from './history.ts'

const HOURS = 96
let rows: HistoryRow[]
beforeAll(() => {
  rows = [...history(5, 1).take(HOURS)].flat()
})
const column = (name: string): number[] => {
  const index = FEATURES.findIndex((feature) => feature.name === name)
  return rows.map(({ features }) => features[index])
}
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

test('a seed always gives the same history, with a row per product and hour', () => {
  const again = [...history(5, 1).take(30)].flat()
  expect(again.length).toBeGreaterThan(0)
  expect(again).toEqual(rows.slice(0, again.length))
  expect(new Set(rows.map(({ at, productId }) => `${at} ${productId}`)).size).toBe(rows.length)
  expect(rows.length).toBeGreaterThan(60 * 24 * 2)
})

test('prices are tried out on both sides of the list price', () => {
  const prices = column('price_to_list')
  expect(Math.min(...prices)).toBeCloseTo(0.75, 2)
  expect(Math.max(...prices)).toBeCloseTo(1.35, 2)
  expect(mean(prices)).toBeCloseTo(1, 1)
})

test('features describe the hour before, and the label the hour that follows', () => {
  const byKey = new Map(rows.map((row) => [`${row.at} ${row.productId}`, row]))
  const unitsHour = FEATURES.findIndex(({ name }) => name === 'units_hour')
  const pairs = rows.flatMap((row) => {
    const next = byKey.get(`${row.at + 3_600_000} ${row.productId}`)
    return next ? [[row.units, next.features[unitsHour]]] : []
  })
  expect(pairs.length).toBeGreaterThan(2000)
  expect(pairs.filter(([sold, counted]) => sold !== counted)).toEqual([])
})

test.each([0, 1.5, 1e9, Number.NaN])('a history of %d weeks is refused', (weeks) => {
  expect(() => history(1, weeks).next()).toThrow('from 1 to 104 weeks')
})
