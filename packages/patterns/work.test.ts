import { expect, test } from 'vitest'
import { TooMuchWork } from './errors.ts'
import { Work } from './work.ts'

test('steps are bounded for each plan, and for all plans of a record together', () => {
  const one = new Work(false)
  one.beginPlan()
  one.count(12_000_000)
  expect(() => one.count(1)).toThrow(TooMuchWork)
  const many = new Work(true)
  for (let i = 0; i < 5; i++) {
    many.beginPlan()
    many.count(12_000_000)
  }
  many.beginPlan()
  expect(() => many.count(12_000_000)).toThrow(TooMuchWork)
})
