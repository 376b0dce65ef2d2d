import { expect, test } from 'vitest'
import { readRetryAfter } from '../hub/door.ts'
import { Pace, readSpeed, shiftToNow } from './pace.ts'
import { rawTime, readTime, recogniseTime } from './time.ts'

test.each([
  ['1970-01-01 00:13:07.000', 787_000],
  ['2019-03-23T20:21:09Z', 1_553_372_469_000],
  ['2019-03-23 20:21:09', 1_553_372_469_000],
  ['2019-03-23T20:21:09+02:00', 1_553_365_269_000],
  ['2019-03-23', 1_553_299_200_000],
])('%s is ISO, UTC where no zone is said', (text, ms) => {
  expect(rawTime(text)).toBe(ms)
  expect(readTime(text, 'iso')).toBe(ms)
})

test.each(['', 'noon', '3/23/2019 20:21', '2019-13-45', undefined, null, {}])('%s is no time', (cell) => {
  expect(rawTime(cell)).toBeNaN()
})

test('numbers are seconds or milliseconds by their size', () => {
  expect(recogniseTime('0', 787)).toBe('seconds')
  expect(recogniseTime('1553372469', 1553372469)).toBe('seconds')
  expect(recogniseTime('1553372469000', 1553372469000)).toBe('milliseconds')
  expect(recogniseTime('2019-03-23', 1553372469000)).toBe('iso')
  expect(readTime('1.5', 'seconds')).toBe(1500)
  expect(readTime(1.4, 'milliseconds')).toBe(1)
})

test('the last event happens when it is sent', () => {
  const survey = { rows: 2, format: 'seconds', first: 1_000, last: 11_000, stepBack: 0 } as const
  expect(shiftToNow(survey, Infinity, 50_000) + 11_000).toBe(50_000)
  expect(shiftToNow(survey, 10, 50_000) + 11_000).toBe(51_000)
  expect(shiftToNow(survey, 1, 50_000) + 1_000).toBe(50_000)
  const pace = new Pace(survey, 10)
  expect(pace.wait(1_000, 0)).toBe(0)
  expect(pace.wait(11_000, 0)).toBe(1_000)
  expect(pace.wait(11_000, 990)).toBe(0)
})

test('speeds', () => {
  expect(['max', '10x', '0.5X', '3'].map(readSpeed)).toEqual([Infinity, 10, 0.5, 3])
  for (const text of ['0x', '-1x', 'fast', 'x', '']) expect(() => readSpeed(text)).toThrow('--speed')
})

test('Retry-After in seconds or as a date, bounded', () => {
  const now = Date.parse('2026-11-22T16:00:00Z')
  expect([undefined, '2', 'Sun, 22 Nov 2026 16:00:05 GMT', 'Sun, 22 Nov 2026 15:00:00 GMT', '86400', 'soon'].map((header) => readRetryAfter(header, now))).toEqual([0, 2_000, 5_000, 0, 60_000, 0])
})
