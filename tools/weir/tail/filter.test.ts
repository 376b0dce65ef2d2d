import { expect, test } from 'vitest'
import type { SeenRecord } from './decoder.ts'
import { readFilters } from './filter.ts'

test('a filter prefers a field of the value to one of the record', () => {
  const seen: SeenRecord = {
    topic: 't',
    partition: 3,
    offset: 120_045,
    timestamp: 0,
    key: 'taxi-1',
    headers: [
      ['weir-id', Buffer.from('run-7')],
      ['weir-source', Buffer.from('replay-run')],
    ],
    value: { state: 'IDLE', position: { lat: 1 }, key: 'inner' },
    bytes: undefined,
    problem: undefined,
  }
  expect(
    [
      ['state=IDLE'],
      ['state=MOVING'],
      ['position.lat=1'],
      ['source=replay-run', 'id=run-7'],
      ['key=inner'],
      ['partition=3'],
      ['none=1'],
    ].map((filters) => readFilters(filters)(seen)),
  ).toEqual([true, false, true, true, true, true, false])
  expect(() => readFilters(['state'])).toThrow('--filter field=value')
})
