import { describe, expect, test } from 'vitest'
import { PrefixError, parsePrefix, suffixTime } from './object-prefix.ts'

const time = Date.UTC(2025, 11, 31, 20, 5, 7)
const values = { time, timeZone: 'UTC' }
const of = (text: string, more = {}): string =>
  parsePrefix(text, 'delivered').evaluate({ ...values, ...more }, () => 0)
const failed = (text: string): string =>
  parsePrefix(text, 'failed').evaluate({ ...values, errorType: 'processing-failed' })

// The first four are examples of the developer guide ("Understand custom prefixes", "Prefix examples").
test.each([
  ['', '2025/12/31/20/'],
  ['prefix/', 'prefix/2025/12/31/20/'],
  [
    'myFirehosePrefix/!{timestamp:yyyy/MM}/!{timestamp:dd}-!{firehose:random-string}/',
    'myFirehosePrefix/2025/12/31-AAAAAAAAAAA/',
  ],
  [
    'year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/',
    'year=2025/month=12/day=31/hour=20/',
  ],
  ['legacy', 'legacy2025/12/31/20/'],
  ["a/!{timestamp:'dt='yyyy-MM-dd}/b", 'a/dt=2025-12-31/b'],
  ['day-!{timestamp:DDD}', 'day-365'],
  ['!{firehose:random-string}/', 'AAAAAAAAAAA/2025/12/31/20/'],
  ['costs {50%}!/', 'costs {50%}!/2025/12/31/20/'],
])('%j', (text, expected) => expect(of(text)).toBe(expected))

test('times are those of the zone', () => {
  expect(of('', { timeZone: 'Asia/Tokyo' })).toBe('2026/01/01/05/')
  expect(of('!{timestamp:HH-mm}', { timeZone: 'America/St_Johns' })).toBe('16-35')
  expect(suffixTime({ time, timeZone: 'Asia/Kathmandu' })).toBe('2026-01-01-01-50-07')
})

test('failed records have prefixes of their own', () => {
  expect(failed('')).toBe('processing-failed/2025/12/31/20/')
  expect(failed('errors/')).toBe('errors/processing-failed/2025/12/31/20/')
  expect(failed('!{firehose:error-output-type}/!{timestamp:yyyy}/')).toBe('processing-failed/2025/')
})

test('partition keys are in the prefix of delivered records', () => {
  const prefix = parsePrefix(
    '!{partitionKeyFromQuery:hall}/!{partitionKeyFromLambda:day}/!{timestamp:yyyy}/',
    'delivered',
  )
  expect(prefix.keys).toEqual([
    { from: 'query', name: 'hall' },
    { from: 'lambda', name: 'day' },
  ])
  expect(prefix.evaluate({ ...values, keys: { hall: 'a b', day: '1/2' } })).toBe('a b/1/2/2025/')
  expect(() => parsePrefix('!{partitionKeyFromQuery:hall}/', 'failed')).toThrow(
    'is only for the prefix of delivered records',
  )
})

describe('what cannot be used is told', () => {
  test.each([
    ['!{timestamp:yyyy', 'The expression !{timestamp:yyyy does not end with }.'],
    ['!{timestamp:EEE}', '!{timestamp:EEE} cannot be used'],
    ['!{timestamp:}', '!{timestamp:} needs a pattern'],
    ['!{timestamp}', '!{timestamp:} needs a pattern'],
    ['!{time:yyyy}', '!{time:yyyy} is not known; there are'],
    ['!{partitionKeyFromQuery:}', 'needs the name of a partition key'],
    ['!{firehose:error-output-type}', 'is only for the prefix of failed records'],
  ])('%s', (text, message) => {
    expect(() => parsePrefix(text, 'delivered')).toThrow(PrefixError)
    expect(() => parsePrefix(text, 'delivered')).toThrow(message)
  })
  test('an error prefix with expressions names the kind of error', () =>
    expect(() => parsePrefix('!{timestamp:yyyy}/', 'failed')).toThrow('needs !{firehose:error-output-type}'))
})
