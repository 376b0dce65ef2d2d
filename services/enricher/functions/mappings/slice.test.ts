import { expect, test } from 'vitest'
import { type KeyedRecord, SliceBuilder, type SourceShard, type UnwrittenRecord } from './slice.ts'
import type { RecordFilter } from './sources/filters.ts'

const record = (offset: number): UnwrittenRecord<number> => ({
  identifier: String(offset),
  timestamp: 0,
  key: null,
  offset,
  content: offset,
})
const write = ({ content, ...rest }: UnwrittenRecord<number>): KeyedRecord => ({
  ...rest,
  json: String(content),
})
const SHARD = {} as SourceShard
const offsetsOf = (records: readonly KeyedRecord[]): number[] => records.map(({ offset }) => offset)

test('matching records stay in order, however long filters take', async () => {
  const filter: RecordFilter<number> = { matches: (n) => (n % 3 === 0 ? Promise.resolve(true) : n % 3 === 1) }
  const slice = new SliceBuilder(filter, write)
  for (let i = 0; i < 9; i++) await slice.take(record(i))
  const { records, filtered, next } = slice.done(SHARD, 9)
  expect([offsetsOf(records), filtered, next]).toEqual([[0, 1, 3, 4, 6, 7], 3, 9])
})

test('a record that cannot be filtered is lost alone, whether the filter throws or rejects', async () => {
  const broken = new Error('too much')
  const filter: RecordFilter<number> = {
    matches: (n) => {
      if (n === 1) throw broken
      return n === 3 ? Promise.reject(broken) : true
    },
  }
  const slice = new SliceBuilder(filter, write)
  for (let i = 0; i < 5; i++) await slice.take(record(i))
  const { records, lost } = slice.done(SHARD, 5)
  expect(offsetsOf(records)).toEqual([0, 2, 4])
  expect(lost.map(({ records: some, condition, error }) => [offsetsOf(some), condition, error])).toEqual([
    [[1], 'FILTER_ERROR', 'too much'],
    [[3], 'FILTER_ERROR', 'too much'],
  ])
})

test('consecutive records that are lost for the same reason are named together', async () => {
  const slice = new SliceBuilder<number>(undefined, write)
  for (const offset of [0, 1]) slice.lose(record(offset), 'DESERIALIZATION_ERROR', new Error(`no ${offset}`))
  slice.lose(record(2), 'SCHEMA_NOT_FOUND', new Error('no 2'))
  await slice.take(record(3))
  slice.lose(record(4), 'SCHEMA_NOT_FOUND', new Error('no 4'))
  expect(
    slice.done(SHARD, 5).lost.map(({ records, condition, error }) => [offsetsOf(records), condition, error]),
  ).toEqual([
    [[0, 1], 'DESERIALIZATION_ERROR', 'no 0'],
    [[2], 'SCHEMA_NOT_FOUND', 'no 2'],
    [[4], 'SCHEMA_NOT_FOUND', 'no 4'],
  ])
})
