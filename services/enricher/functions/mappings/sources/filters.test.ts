import { TooMuchWork } from '@weir/patterns'
import { describe, expect, inject, test } from 'vitest'
import { compileFilters } from './filters.ts'
import { type KafkaRecord, kafkaFilters } from './kafka-records.ts'
import { type KinesisRecord, kinesisFilters } from './kinesis-records.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const criteria = (...patterns: unknown[]) => ({
  Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })),
})

/** The record of Lambda's documentation of Kinesis filters. */
function kinesis(data: string | Uint8Array): KinesisRecord {
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: '1',
      sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
      data: typeof data === 'string' ? base64(data) : data,
      approximateArrivalTimestamp: 1545084650.987,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
    awsRegion: 'us-east-2',
    eventSourceARN: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
  }
}

const ORDER = '{"record":12345,"order":{"type":"buy","stock":"ANYCO","quantity":1000}}'

describe('a Kinesis filter', () => {
  test.each<[name: string, pattern: unknown, data: string | Uint8Array, expected: boolean]>([
    ['the documentation’s example', { data: { order: { type: ['buy'] } } }, ORDER, true],
    ['another value', { data: { order: { type: ['sell'] } } }, ORDER, false],
    [
      'bytes instead of base64',
      { data: { order: { quantity: [{ numeric: ['>', 999] }] } } },
      Buffer.from(` \n${ORDER}`),
      true,
    ],
    [
      'a part of a larger buffer',
      { data: { a: [1] } },
      new Uint8Array(Buffer.from('xx{"a":1}yy')).subarray(2, 9),
      true,
    ],
    [
      'data that is not JSON under a JSON pattern',
      { data: { order: { type: [{ exists: false }] } } },
      'plain',
      false,
    ],
    ['a bare number', { data: { a: [{ exists: false }] } }, '5', false],
    ['truncated JSON', { data: { a: [{ exists: false }] } }, '{"a":', false],
    ['data that is not UTF-8', { data: { a: [{ exists: false }] } }, Uint8Array.of(0x7b, 0xff, 0x7d), false],
    ['an array of objects', { data: { a: [2] } }, '[{"a":1},{"a":2}]', true],
    [
      'metadata, with data that is not JSON',
      { partitionKey: [{ prefix: '1' }], eventName: ['aws:kinesis:record'] },
      'plain',
      true,
    ],
    ['other metadata', { partitionKey: ['2'] }, ORDER, false],
    [
      'metadata and data',
      {
        kinesisSchemaVersion: ['1.0'],
        approximateArrivalTimestamp: [{ numeric: ['>', 1.5e9] }],
        data: { record: [12345] },
      },
      ORDER,
      true,
    ],
    ['metadata or data', { $or: [{ partitionKey: ['1'] }, { data: { record: [1] } }] }, 'plain', true],
    ['a name with dots', { 'data.order.type': ['buy'] }, ORDER, true],
    ['a name with dots within the data', { data: { 'order.type': ['buy'] } }, ORDER, true],
    ['a name with dots in the data', { data: { order: { type: ['buy'] } } }, '{"order.type":"buy"}', true],
    ['metadata is beside data, not in kinesis', { kinesis: { partitionKey: ['1'] } }, ORDER, false],
    ['no data at all', { data: { a: [{ exists: false }] } }, '', false],
  ])('decides on %s', (_, pattern, data, expected) => {
    expect(compileFilters(criteria(pattern), kinesisFilters)!.matches(kinesis(data))).toBe(expected)
  })

  test('passes a record that one of its patterns matches', () => {
    const filter = compileFilters(criteria({ data: { a: [1] } }, { partitionKey: ['1'] }), kinesisFilters)!
    expect(filter.matches(kinesis('plain'))).toBe(true)
    expect(
      filter.matches({ ...kinesis('{"a":1}'), kinesis: { data: base64('{"a":1}'), partitionKey: '2' } }),
    ).toBe(true)
    expect(filter.matches({ kinesis: { data: base64('{"a":2}'), partitionKey: '2' } })).toBe(false)
  })

  test('refuses a pattern for plain data', () => {
    expect(() => compileFilters(criteria({ data: ['x'] }), kinesisFilters)).toThrow(
      'Filters[0].Pattern: data is an array; Kinesis filters take an object',
    )
  })
})

describe('a Kafka filter', () => {
  const record = (value: string | Uint8Array | null, key: string | null = null): KafkaRecord => ({
    topic: 'mytopic',
    partition: 0,
    offset: 15,
    timestamp: 1545084650987,
    timestampType: 'CREATE_TIME',
    headers: [],
    value: typeof value === 'string' ? base64(value) : value,
    key: key === null ? null : base64(key),
  })
  const DEVICE = '{"device_ID":"AB1234","session":{"start_time":"yyyy-mm-ddThh:mm:ss","duration":162}}'
  const json = { value: { device_ID: [{ prefix: 'AB' }] } }
  const plain = { value: [{ 'anything-but': ['error'] }] }

  test.each<[name: string, pattern: unknown, record: KafkaRecord, expected: boolean]>([
    ['matching JSON under a JSON pattern', json, record(DEVICE), true],
    ['other JSON under a JSON pattern', json, record('{"device_ID":"CD"}'), false],
    ['matching text under a text pattern', plain, record('warning'), true],
    ['other text under a text pattern', plain, record('error'), false],
    ['matching metadata of text under a JSON pattern', json, record('error'), true],
    ['other metadata of text under a JSON pattern', { ...json, topic: ['other'] }, record('error'), false],
    [
      'matching metadata of JSON under a text pattern',
      { value: ['never'], topic: ['mytopic'] },
      record(DEVICE),
      true,
    ],
    [
      'other metadata of JSON under a text pattern',
      { value: ['never'], offset: [{ numeric: ['>', 15] }] },
      record(DEVICE),
      false,
    ],
    [
      'matching metadata of a value that is not UTF-8',
      { value: ['never'], partition: [0] },
      record(Uint8Array.of(0xff, 0xfe)),
      true,
    ],
    ['metadata without a pattern for content', { topic: [{ prefix: 'my' }] }, record(DEVICE), true],
    ['a bare number under a text pattern', { value: ['162'] }, record('162'), true],
    ['matching metadata of a bare number under a JSON pattern', json, record('162'), true],
    ['the key', { key: ['abc'] }, record(null, 'abc'), true],
    ['another key', { key: ['abc'] }, record(null, 'abd'), false],
    ['a JSON key', { key: { id: [7] } }, record(null, '{"id":7}'), true],
    [
      'a matching key with text under a JSON pattern',
      { key: ['abc'], value: { a: [1] } },
      record('plain', 'abd'),
      false,
    ],
    [
      'a key and a value of which the key does not match',
      { key: { id: [1] }, value: { a: [1] } },
      record('{"a":2}', 'plain'),
      false,
    ],
    ['a record without a key', { key: ['abc'] }, record(DEVICE), false],
    [
      'a record without a key if the pattern demands that',
      { key: [{ exists: false }] },
      record(DEVICE),
      true,
    ],
    ['a tombstone', json, record(null, 'k'), false],
    [
      'alternatives over key and value',
      { $or: [{ key: ['x'] }, { value: { session: { duration: [162] } } }] },
      record(DEVICE, 'y'),
      true,
    ],
  ])('decides on %s', (_, pattern, one, expected) => {
    expect(compileFilters(criteria(pattern), kafkaFilters)!.matches(one)).toBe(expected)
  })

  test('refuses a pattern with two formats for the value', () => {
    expect(() =>
      compileFilters(criteria({ value: [1], $or: [{ value: { a: [1] } }, { topic: ['t'] }] }), kafkaFilters),
    ).toThrow('value is both an object and an array')
  })
})

test('without filters every record passes', () => {
  for (const none of [undefined, {}, { Filters: [] }])
    expect(compileFilters(none, kafkaFilters)).toBeUndefined()
})

test.each([
  [
    { Filters: Array.from({ length: 11 }, () => ({ Pattern: '{"a":[1]}' })) },
    'Filters has 11 filters; make do with 10.',
  ],
  [{ Filters: [{ Pattern: '{"a":[1]}' }, {}] }, 'Filters[1].Pattern: The pattern is missing'],
  [{ Filters: [{ Pattern: '{"a":1}' }] }, 'Filters[0].Pattern: a is neither an array nor an object'],
])('the filters %j are refused', (wrong, message) => {
  expect(() => compileFilters(wrong, kafkaFilters)).toThrow(message)
})

describe('an expensive filter', () => {
  const textOf = (length: number) => JSON.stringify({ text: 'a'.repeat(length) })
  const LONG = textOf(1 << 20)
  const ten = Array.from({ length: 10 }, (_, i) => ({
    data: { text: [{ wildcard: `*aa${i}*` }, { wildcard: `*b${i}` }] },
  }))

  test('lets other work of the process run in between, and reaches the same verdict', async () => {
    const filter = compileFilters(
      criteria(...ten.slice(1), { data: { text: [{ prefix: 'aaa' }] } }),
      kinesisFilters,
    )!
    let turns = 0
    let waiting = true
    const count = (): void => {
      turns++
      if (waiting) setImmediate(count)
    }
    setImmediate(count)
    const verdicts = [
      await filter.matches(kinesis(LONG)),
      await filter.matches(kinesis(LONG)),
      await filter.matches(kinesis('{"text":"b"}')),
    ]
    waiting = false
    expect(verdicts).toEqual([true, true, false])
    expect(turns).toBeGreaterThan(10)
  }, 30_000)

  test('is refused if one field has too many wildcards, and gives up if they are spread over alternatives', async () => {
    const wildcards = (i: number) => Array.from({ length: 190 }, (_, k) => ({ wildcard: `${i}${k}*` }))
    expect(() =>
      compileFilters(criteria(...ten.map((_, i) => ({ data: { text: wildcards(i) } }))), kinesisFilters),
    ).toThrow('Rule is too complex')
    const spread = compileFilters(
      criteria(
        ...ten.map((_, i) => ({
          data: {
            $or: wildcards(i)
              .slice(0, 100)
              .map(({ wildcard }) => ({ text: [{ wildcard: `*a${wildcard}` }] })),
          },
        })),
      ),
      kinesisFilters,
    )!
    const long = textOf(inject('thorough') ? 1 << 20 : 1 << 16)
    await expect((async () => spread.matches(kinesis(long)))()).rejects.toThrow(TooMuchWork)
    expect(await spread.matches(kinesis('{"text":"xa15"}'))).toBe(true)
  }, 30_000)
})
