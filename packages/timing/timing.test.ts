import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { backoffMs, pause, within } from './index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a backoff doubles from the first pause to the longest, and remains there', () => {
  expect([0, 1, 2, 3, 4, 5000].map((retry) => backoffMs(retry, 100, 1000))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ])
})

test('a pause ends after its time, or when the signal aborts', async () => {
  const ended = vi.fn()
  const { signal } = new AbortController()
  void pause(100, signal).then(ended)
  await vi.advanceTimersByTimeAsync(99)
  expect(ended).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(ended).toHaveBeenCalledOnce()

  const stopping = new AbortController()
  const stopped = pause(60_000, stopping.signal)
  stopping.abort()
  await stopped
  await pause(60_000, stopping.signal)
  expect(vi.getTimerCount()).toBe(0)
})

test('within() settles like the promise, and leaves no timer', async () => {
  const late = vi.fn()
  expect(await within(100, Promise.resolve(1), late)).toBe(1)
  await expect(within(100, Promise.reject(new Error('no')), late)).rejects.toThrow('no')
  expect([late.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
})

test('within() settles like late() once the time is over, whatever the promise does afterwards', async () => {
  const never = Promise.withResolvers<number>()
  const value = within(100, never.promise, () => 'late')
  const error = within(100, never.promise, () => {
    throw new Error('too late')
  })
  const refused = expect(error).rejects.toThrow('too late')
  await vi.advanceTimersByTimeAsync(100)
  expect(await value).toBe('late')
  await refused
  never.reject(new Error('nobody waits any more'))
  await vi.advanceTimersByTimeAsync(1)
})
