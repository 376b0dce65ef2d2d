import { expect, test } from 'vitest'
import { DeadRate } from './dead-rate.ts'

test('the rate trips above its share of dead records, but not for few records', () => {
  const rate = new DeadRate(0.05, 10)
  expect(rate.trips(1000, 9, 9), 'all dead, but few').toBe(false)
  expect(rate.trips(2000, 1000, 1)).toBe(false)
  expect(rate.trips(3000, 100, 60)).toBe(true)
})

test('the rate forgets records after a minute and after a pause', () => {
  const rate = new DeadRate(0.05, 10)
  expect(rate.trips(0, 100, 50)).toBe(true)
  expect(rate.trips(60_000, 100, 1)).toBe(false)
  expect(rate.trips(61_000, 100, 50)).toBe(true)
  rate.reset(62_000)
  expect(rate.trips(62_001, 100, 5)).toBe(false)
})
