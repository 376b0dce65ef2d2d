import { random } from '@weir/codec/testing/values.ts'
import { MemoryStates } from '@weir/state/memory-states.ts'
import { expect, inject, test } from 'vitest'
import {
  NoKey,
  type Placed,
  type TableJoinDefinition,
  TableJoinOperator,
  type TableJoinState,
  tableJoinTimers,
} from './index.ts'

type Definition = Omit<TableJoinDefinition<string, string, string>, 'join'>
const HOUR_MS = 3_600_000

/**
 * Records such as "a5": of key a, at 5 ms. Rows alike, and "a5-" deletes the row. Results such as "a5+a3", or "a5+" if
 * the table has no row.
 */
function joinOf(definition: Definition) {
  const results: string[] = []
  const states = new MemoryStates<TableJoinState<string, string>>(tableJoinTimers)
  const join = (record: string, row: string | undefined): string => `${record}+${row ?? ''}`
  const open = () => new TableJoinOperator({ ...definition, join }, states, (result) => results.push(result))
  let operator = open()
  operator.begin(0)
  const partsOf = (text: string) => [Buffer.from(text), 0, 1, Number(text.slice(1).replace('-', ''))] as const
  return {
    records: (...texts: string[]): Placed[] =>
      texts.map((text) => {
        const [key, start, end, time] = partsOf(text)
        return operator.addRecord(key, start, end, text, time, time)
      }),
    rows: (...texts: string[]): Placed[] =>
      texts.map((text) => {
        const [key, start, end, time] = partsOf(text)
        return operator.addRow(key, start, end, text.endsWith('-') ? null : text, time, time)
      }),
    tick: (now: number) => operator.tick(now),
    finish: (now: number) => operator.finish(now),
    /** Opens a successor, as after a commit. */
    reopen: (now = 0) => {
      operator.finish(now)
      operator = open()
      operator.begin(now)
    },
    take: () => results.splice(0),
    kept: (key: string) => {
      const { rows = [], waiting = [] } = states.at(Buffer.from(key)).value ?? {}
      return [rows.length, waiting.length]
    },
  }
}

test('a record has the row of its time, once the table has passed it', () => {
  const { records, rows, take } = joinOf({ disorderMs: 5 })
  rows('a10', 'a20')
  records('a9', 'a10', 'a14', 'b14', 'a25')
  expect(take()).toEqual(['a9+', 'a10+a10', 'a14+a10', 'b14+'])
  rows('a22', 'c30')
  expect(take()).toEqual([])
  rows('c31')
  expect(take()).toEqual(['a25+a22'])
})

test('a deleted row is none, until the key has one again', () => {
  const { records, rows, take } = joinOf({ disorderMs: 0 })
  rows('a10', 'a20-', 'a30', 'b99')
  records('a15', 'a20', 'a29', 'a30')
  expect(take()).toEqual(['a15+a10', 'a20+', 'a29+', 'a30+a30'])
})

test('a late row counts from the time to which the table has come, unless the key has a newer one', () => {
  const { records, rows, take } = joinOf({ disorderMs: 0 })
  expect(rows('a10', 'b50', 'a40', 'a30', 'c5')).toEqual(['taken', 'taken', 'taken', 'late', 'taken'])
  records('a45', 'c45', 'a50', 'c50')
  rows('b60')
  expect(take()).toEqual(['a45+a10', 'c45+', 'a50+a40', 'c50+c5'])
})

test('a deletion is not undone by a late row within an hour, and then forgotten', () => {
  const { records, rows, kept } = joinOf({ disorderMs: 0 })
  rows('a20-', 'b30')
  expect(rows('a10')).toEqual(['late'])
  records(`b${2 * HOUR_MS}`)
  rows(`b${HOUR_MS + 19}`)
  expect(kept('a')).toEqual([1, 0])
  rows(`b${2 * HOUR_MS}`)
  expect(kept('a')).toEqual([0, 0])
  expect(rows('a10')).toEqual(['taken'])
})

test('versions of a row are kept as long as a record may need them, also in a successor', () => {
  const { records, rows, kept, take, reopen } = joinOf({ disorderMs: 10 })
  rows('a10', 'a20', 'a30')
  expect(kept('a')).toEqual([3, 0])
  records('b35')
  reopen()
  expect(records('a24', 'a25')).toEqual(['late', 'taken'])
  rows('a60')
  expect(take().toSorted()).toEqual(['a25+a20', 'b35+'])
  records('a69')
  expect(kept('a')).toEqual([2, 1])
})

test('while no row comes, time follows the clock, and without records due it stays', () => {
  const { records, rows, take, tick, finish } = joinOf({ disorderMs: 10, idleMs: 1000 })
  rows('a100')
  records('a150')
  finish(200)
  tick(1100)
  expect(take()).toEqual([])
  tick(1161)
  expect(take()).toEqual(['a150+a100'])
  expect(rows('a150')).toEqual(['taken'])
  records('a160')
  finish(1170)
  tick(2100)
  expect(take()).toEqual([])
  tick(2171)
  expect(take()).toEqual(['a160+a150'])
})

const MANY = Array.from({ length: 1000 }, (_, i) => `a${i + 1}`)

test('a key has at most a thousand waiting records', () => {
  const { records, rows, kept } = joinOf({ disorderMs: 0 })
  records(...MANY)
  expect(() => records('a1001')).toThrow('The key "a" has 1000 waiting records, which is the most.')
  rows(...MANY)
  expect(kept('a')).toEqual([1, 1])
})

test('a row has at most a thousand versions, and one if no record can need the others', () => {
  const { rows, finish, kept } = joinOf({ disorderMs: 0, idleMs: 1000 })
  rows(...MANY)
  expect(() => rows('a1001')).toThrow('The key "a" has 1000 versions of its row, which is the most.')
  finish(10_000)
  expect(rows('a1001')).toEqual(['taken'])
  expect(kept('a')).toEqual([1, 0])
})

test('a record without a key is refused, since the empty key is the partition’s own', () => {
  const operator = new TableJoinOperator(
    { disorderMs: 0, join: () => 'never' },
    new MemoryStates<TableJoinState<string, string>>(tableJoinTimers),
    () => {},
  )
  operator.begin(0)
  expect(() => operator.addRecord(Buffer.from('a'), 0, 0, 'a', 1, 1)).toThrow(NoKey)
  expect(() => operator.addRow(Buffer.from('a'), -1, 0, 'a', 1, 1)).toThrow(NoKey)
})

/** The results by their definition: from all records and all rows at once. */
function expected(records: readonly string[], rows: readonly string[], disorderMs: number): string[] {
  const timeOf = (text: string): number => Number(text.slice(1).replace('-', ''))
  const versions: { key: string; timeMs: number; sinceMs: number; row: string }[] = []
  let tableMs = -Infinity
  for (const row of rows) {
    const [key, timeMs] = [row[0], timeOf(row)]
    const newest = versions.findLast((one) => one.key === key)
    const isLate = timeMs < tableMs
    const isRefused = isLate && newest !== undefined && newest.timeMs > timeMs
    if (!isRefused) versions.push({ key, timeMs, sinceMs: isLate ? tableMs : timeMs, row })
    versions.sort((a, b) => a.sinceMs - b.sinceMs)
    tableMs = Math.max(tableMs, timeMs - disorderMs)
  }
  let streamMs = -Infinity
  return records.flatMap((record) => {
    const timeMs = timeOf(record)
    const isLate = timeMs < streamMs
    streamMs = Math.max(streamMs, timeMs - disorderMs)
    const version = versions.findLast((one) => one.key === record[0] && one.sinceMs <= timeMs)
    const row = version === undefined || version.row.endsWith('-') ? '' : version.row
    return isLate || timeMs >= tableMs ? [] : [`${record}+${row}`]
  })
}

test.each([0, 5, 30])(
  'the rows of records are those of their times, however the inputs come together: %i ms',
  (disorderMs) => {
    const next = random(5)
    const made = (mark: string): string[] =>
      Array.from({ length: 400 }, (_, i) => {
        const key = 'abc'[Math.floor(next() * 3)]
        return `${key}${i * 3 + Math.floor(next() * 40)}${next() < 0.2 ? mark : ''}`
      })
    const rounds = inject('thorough') ? 20 : 5
    for (let round = 0; round < rounds; round++) {
      const [left, right] = [made(''), made('-')]
      const { records, rows, take, reopen } = joinOf({ disorderMs })
      for (
        const waiting = { left: [...left], right: [...right] };
        waiting.left.length + waiting.right.length > 0;
      ) {
        const isLeft =
          waiting.right.length === 0 || (waiting.left.length > 0 && next() < (round + 1) / (rounds + 2))
        if (isLeft) records(waiting.left.shift()!)
        else rows(waiting.right.shift()!)
        if (next() < 0.05) reopen()
      }
      expect(take().toSorted()).toEqual(expected(left, right, disorderMs).toSorted())
    }
  },
)
