import { expect, test } from 'vitest'
import { readRetryAfter } from '../hub/door.ts'
import { parseExactly } from '../json.ts'
import { checkLength, Pace, readSpeed, shiftToNow } from './pace.ts'
import { isoTime, readTime, TIME_FORMATS, type TimeFormat, unitOf, zoneOffset } from './time.ts'

const read = (cell: unknown, format: TimeFormat, zoneMs = 0): number => readTime(cell, { format, zoneMs })

test.each([
  ['1970-01-01 00:13:07.000', 787_000],
  ['2019-03-23T20:21:09Z', 1_553_372_469_000],
  ['2019-03-23 20:21:09', 1_553_372_469_000],
  [' 2019-03-23t20:21:09z ', 1_553_372_469_000],
  ['2019-03-23 20:21', 1_553_372_460_000],
  ['2019-03-23 20:21:09,1239', 1_553_372_469_123],
  ['2019-03-23T20:21:09+02:00', 1_553_365_269_000],
  ['2019-03-23 20:21:09-0230', 1_553_381_469_000],
  ['2019-03-23 20:21:09+02', 1_553_365_269_000],
  ['2019-03-23', 1_553_299_200_000],
  ['0001-01-01', -62_135_596_800_000],
])('%s is ISO, UTC where no zone is said', (text, ms) => {
  expect(isoTime(text.trim())).toBe(ms)
  expect(read(text, 'iso')).toBe(ms)
})

test.each([
  '',
  ' ',
  'noon',
  '3/23/2019 20:21',
  '2019-13-45',
  '2019-02-30',
  '2019-03-23T24:00',
  '2019-03-23T20:60',
  '2019-03-23+02:00',
  '2019-03-23T20:21+24:00',
  '0x10',
  undefined,
  null,
  {},
  true,
])('%s is not a time', (cell) => {
  for (const format of TIME_FORMATS) expect(read(cell, format)).toBeNaN()
})

test('numbers are in a unit, and are not ISO', () => {
  expect([
    read('1.5', 'seconds'),
    read(1.4, 'milliseconds'),
    read(' 1795843663123456 ', 'microseconds'),
    read('1795843663123456789', 'nanoseconds'),
  ]).toEqual([1500, 1, 1_795_843_663_123, 1_795_843_663_123])
  expect(read(parseExactly('1795843663123456789'), 'nanoseconds')).toBe(1_795_843_663_123)
  expect(read('1795843663', 'iso')).toBeNaN()
  expect(read('1795843663123456', 'seconds')).toBeNaN()
  expect(
    [0, 787, 1_553_372_469, 1_553_372_469_000, 1_553_372_469_000_000, 1_553_372_469_000_000_000].map(unitOf),
  ).toEqual(['seconds', 'seconds', 'seconds', 'milliseconds', 'microseconds', 'nanoseconds'])
})

test('a zone is what local clocks are ahead of UTC', () => {
  expect(['Z', '+02:00', '-0330', '+05', '', 'CET', '2', '+24:00'].map(zoneOffset)).toEqual([
    0,
    7_200_000,
    -12_600_000,
    18_000_000,
    NaN,
    NaN,
    NaN,
    NaN,
  ])
  expect(read('2019-03-23T20:21:09', 'iso', 7_200_000)).toBe(1_553_365_269_000)
  expect(read('2019-03-23T20:21:09Z', 'iso', 7_200_000)).toBe(1_553_372_469_000)
})

test('the last event happens when it is sent', () => {
  const survey = { first: 1_000, last: 11_000, firstLine: 2, lastLine: 3 }
  expect(shiftToNow(survey, Infinity, 50_000) + 11_000).toBe(50_000)
  expect(shiftToNow(survey, 10, 50_000) + 11_000).toBe(51_000)
  expect(shiftToNow(survey, 1, 50_000) + 1_000).toBe(50_000)
  const pace = new Pace(survey, 10)
  expect(pace.wait(1_000, 0)).toBe(0)
  expect(pace.wait(11_000, 0)).toBe(1_000)
  expect(pace.wait(11_000, 990)).toBe(0)
  expect([0, 250, 1_000, 2_000].map((now) => pace.passed(now))).toEqual([0, 0.25, 1, 1])
})

test('a run that would take more than a month is refused, with the lines that make it so', () => {
  const survey = { first: 0, firstLine: 17, last: Date.UTC(2026, 10, 28), lastLine: 2 }
  expect(() => checkLength(survey, 10)).toThrow(
    'At --speed 10x this would take 2078 d 12 h: the first time is 1970-01-01T00:00:00Z on line 17, the last 2026-11-28T00:00:00Z on line 2.',
  )
  expect(() => checkLength(survey, 1_000_000)).not.toThrow()
})

test('speeds', () => {
  expect(['max', '10x', '0.5X', '3'].map(readSpeed)).toEqual([Infinity, 10, 0.5, 3])
  for (const text of ['0x', '-1x', '0x10', '1e9', ' ', 'fast', 'x', ''])
    expect(() => readSpeed(text)).toThrow('--speed')
})

test('Retry-After in seconds or as a date, bounded', () => {
  const now = Date.parse('2026-11-22T16:00:00Z')
  expect(
    [undefined, '2', 'Sun, 22 Nov 2026 16:00:05 GMT', 'Sun, 22 Nov 2026 15:00:00 GMT', '86400', 'soon'].map(
      (header) => readRetryAfter(header, now),
    ),
  ).toEqual([0, 2_000, 5_000, 0, 60_000, 0])
})
