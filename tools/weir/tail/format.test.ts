import { hex, jsonText } from '@weir/codec'
import { expect, test } from 'vitest'
import type { SeenRecord } from './decoder.ts'
import { headersJson, recordJson, recordLine } from './format.ts'

const now = Date.parse('2026-11-22T18:00:00Z')
const record = (more: Partial<SeenRecord> = {}): SeenRecord => ({
  topic: 't',
  partition: 3,
  offset: 120_045,
  timestamp: Date.parse('2026-11-22T16:31:02.123Z'),
  key: 'taxi-1',
  headers: [
    ['weir-id', null],
    ['weir-id', Buffer.from('run-7')],
    ['weir-source', Buffer.from('replay-run')],
    ['weir-id', Buffer.from('later')],
  ],
  value: { speed: Math.fround(12.6), lat: 37.990241, fuel: null },
  bytes: undefined,
  problem: undefined,
  ...more,
})

test('a record is printed as one line', () => {
  expect(recordLine(record(), now)).toBe('16:31:02.123  taxi-1  3:120045  {"speed":12.6,"lat":37.990241}')
  expect(recordLine(record({ timestamp: now - 86_400_000, key: null, value: null }), now)).toBe(
    '2026-11-21 18:00:00.000  -  3:120045  (tombstone)',
  )
  expect(recordLine(record({ key: '', value: {} }), now)).toBe('16:31:02.123  ""  3:120045  {}')
  expect(
    recordLine(record({ value: undefined, bytes: Buffer.from('ab'), problem: 'no Avro' }), now),
  ).toContain('0x6162  no Avro')
  expect(hex(Buffer.alloc(100), 2)).toBe('0x0000… (100 bytes)')
})

test('a record is printed as one JSON object with its id and source', () => {
  expect(JSON.parse(jsonText(recordJson(record({ value: { key: Buffer.from('hi') } }))))).toEqual({
    time: '2026-11-22T16:31:02.123Z',
    topic: 't',
    partition: 3,
    offset: 120_045,
    key: 'taxi-1',
    id: 'run-7',
    source: 'replay-run',
    headers: { 'weir-id': [null, 'run-7', 'later'], 'weir-source': 'replay-run' },
    value: { key: 'aGk=' },
  })
})

test('a repeated header shows all its values, and null, empty and binary values differ', () => {
  const headers = [
    ['a', Buffer.from('')],
    ['b', null],
    ['c', Buffer.from([0xff, 0])],
    ['a', Buffer.from('ü')],
    ['__proto__', null],
  ] as const
  expect(JSON.stringify(headersJson(headers))).toBe('{"a":["","ü"],"b":null,"c":"0xff00","__proto__":null}')
})
