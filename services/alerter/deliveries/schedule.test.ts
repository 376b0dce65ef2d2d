import { expect, test } from 'vitest'
import { GATEWAY_POLICY, HTTP_POLICY, MANAGED_POLICY, pauseMs, type RetryPolicy } from './schedule.ts'

const pauses = (policy: RetryPolicy, attempts: number): (number | undefined)[] =>
  Array.from({ length: attempts }, (_, i) => {
    const ms = pauseMs(policy, i + 1)
    return ms === undefined ? undefined : ms / 1000
  })

test('an HTTP receiver gets three retries, 20 s apart', () => {
  expect(pauses(HTTP_POLICY, 4)).toEqual([20, 20, 20, undefined])
})

test('a queue gets three retries at once, two after a second, ten that grow to 20 s, and then one every 20 s', () => {
  const found = pauses(MANAGED_POLICY, 18)
  expect(found.slice(0, 6)).toEqual([0, 0, 0, 1, 1, 1])
  const growing = found.slice(5, 15) as number[]
  expect(growing).toEqual([...growing].sort((a, b) => a - b))
  expect(found.slice(14)).toEqual([20, 20, 20, 20])
  expect(pauseMs(MANAGED_POLICY, 100_015)).toBe(20_000)
  expect(pauseMs(MANAGED_POLICY, 100_016)).toBeUndefined()
})

test('an e-mail is attempted 50 times over six hours', () => {
  const found = pauses(GATEWAY_POLICY, 51)
  const total = found.reduce<number>((sum, s) => sum + (s ?? 0), 0)
  expect(found.filter((s) => s !== undefined)).toHaveLength(50)
  expect(total / 3600).toBeGreaterThan(6)
  expect(total / 3600).toBeLessThan(7)
})

test.each([
  ['linear', [10, 20, 30, 40]],
  ['arithmetic', [10, 15, 25, 40]],
  ['geometric', [10, 15.9, 25.2, 40]],
  ['exponential', [10, 14.3, 22.9, 40]],
] as const)('delays grow from the smallest to the largest: %s', (backoffFunction, expected) => {
  const policy = { ...HTTP_POLICY, numRetries: 4, minDelayTarget: 10, maxDelayTarget: 40, backoffFunction }
  expect(pauses(policy, 4).map((s) => Math.round(s! * 10) / 10)).toEqual(expected)
})

test('each phase has its retries, in the order of the phases', () => {
  const policy = {
    ...HTTP_POLICY,
    numRetries: 8,
    numNoDelayRetries: 2,
    numMinDelayRetries: 1,
    numMaxDelayRetries: 2,
    minDelayTarget: 2,
    maxDelayTarget: 8,
  }
  expect(pauses(policy, 9)).toEqual([0, 0, 2, 2, 5, 8, 8, 8, undefined])
})

test('a third phase with one retry begins with the smaller delay', () => {
  expect(pauses({ ...HTTP_POLICY, numRetries: 1, minDelayTarget: 3, maxDelayTarget: 9 }, 2)).toEqual([
    3,
    undefined,
  ])
})
