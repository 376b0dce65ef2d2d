import { MemoryStates } from '@weir/state/memory-states.ts'
import { expect, test } from 'vitest'
import {
  type Aggregate,
  hopping,
  running,
  session,
  sliding,
  timersOf,
  tumbling,
  type WindowDefinition,
  WindowOperator,
  type WindowState,
} from './index.ts'

interface Acc {
  values: number[]
}

/** Results such as "a 0-10 #1 1,2": key, window, revision, values. */
const listing: Aggregate<number, Acc, string> = {
  init: () => ({ values: [] }),
  add: (acc, value) => {
    acc.values.push(value)
    return acc
  },
  merge: (one, other) => ({ values: [...one.values, ...other.values] }),
  result: ({ values }, { key, startMs, endMs, revision }) =>
    `${key} ${startMs}-${endMs} #${revision} ${values}`,
}

function operatorOf(definition: Omit<WindowDefinition<number, Acc, string>, 'aggregate'>) {
  const results: string[] = []
  const states = new MemoryStates<WindowState<Acc>>((value) => timersOf(value, definition))
  const open = () =>
    new WindowOperator({ ...definition, aggregate: listing }, states, (result) => results.push(result))
  let operator = open()
  operator.begin(0)
  return {
    /** Adds records such as "a5": of key a, at 5 ms, with the value 5. */
    add: (...records: string[]) =>
      records.map((record) => {
        const time = Number(record.slice(1))
        return operator.add(Buffer.from(record), 0, 1, time, time, 0)
      }),
    tick: (now: number) => operator.tick(now),
    finish: (now = 0) => operator.finish(now),
    /** Opens a successor. */
    reopen: () => {
      operator = open()
      operator.begin(0)
    },
    take: () => results.splice(0),
  }
}

test('a window has its result when time has passed its end by the disorder', () => {
  const { add, take } = operatorOf({ window: tumbling(10), disorderMs: 5, maxAheadMs: 1000 })
  add('a1', 'b2', 'a12', 'a3', 'a14')
  expect(take()).toEqual([])
  add('b15')
  expect(take()).toEqual(['a 0-10 #1 1,3', 'b 0-10 #1 2'])
  expect(add('a9', 'a10', 'b40')).toEqual(['late', 'taken', 'taken'])
  expect(take()).toEqual(['a 10-20 #1 12,14,10', 'b 10-20 #1 15'])
})

test('results come in the order of their times, however far time moves at once', () => {
  const { add, take } = operatorOf({ window: tumbling(10), disorderMs: 30, maxAheadMs: 1000 })
  add('b25', 'a1', 'b2', 'a22', 'a11', 'c100')
  expect(take()).toEqual(['a 0-10 #1 1', 'b 0-10 #1 2', 'a 10-20 #1 11', 'a 20-30 #1 22', 'b 20-30 #1 25'])
})

test('a record that comes within the lateness has a new result, with the next number', () => {
  const { add, take } = operatorOf({ window: tumbling(10), disorderMs: 0, latenessMs: 20, maxAheadMs: 1000 })
  expect(add('a1', 'a10', 'a2', 'a29', 'a3', 'a30', 'a4')).toEqual([
    ...['taken', 'taken', 'taken', 'taken', 'taken', 'taken', 'late'],
  ])
  expect(take()).toEqual([
    'a 0-10 #1 1',
    'a 0-10 #2 1,2',
    'a 10-20 #1 10',
    'a 0-10 #3 1,2,3',
    'a 20-30 #1 29',
  ])
})

test('a late record that opens a window has its result at once', () => {
  const { add, take } = operatorOf({ window: tumbling(10), disorderMs: 0, latenessMs: 20, maxAheadMs: 1000 })
  add('b20', 'a5')
  expect(take()).toEqual(['a 0-10 #1 5'])
})

test('hopping windows overlap', () => {
  const { add, take } = operatorOf({ window: hopping(10, 5), disorderMs: 0, maxAheadMs: 1000 })
  add('a1', 'a7', 'a15')
  expect(take()).toEqual(['a -5-5 #1 1', 'a 0-10 #1 1,7', 'a 5-15 #1 7'])
})

test('sessions grow together, and end when no record comes for the gap', () => {
  const { add, take } = operatorOf({ window: session(10), disorderMs: 15, maxAheadMs: 1000 })
  add('a0', 'a18', 'b3', 'a9', 'a60')
  expect(take()).toEqual(['b 3-13 #1 3', 'a 0-28 #1 0,18,9'])
})

test('a record from the future moves nobody’s time', () => {
  const { add, take } = operatorOf({ window: tumbling(10), disorderMs: 0, maxAheadMs: 50 })
  expect(add('a1', 'b51', 'a2')).toEqual(['taken', 'ahead', 'taken'])
  add('a10')
  expect(take()).toEqual(['a 0-10 #1 1,2'])
})

test('without records, windows have results by the clock, and the last ones are the same', () => {
  const { add, tick, finish, take } = operatorOf({
    ...{ window: tumbling(10), disorderMs: 5, idleMs: 100, maxAheadMs: 1000 },
  })
  add('a1', 'b12')
  finish(0)
  tick(99)
  expect(take()).toEqual([])
  tick(100)
  tick(101)
  expect(take()).toEqual(['a 0-10 #1 1', 'b 10-20 #1 12'])
  add('a3', 'b16', 'c40')
  expect(take()).toEqual(['a 0-10 #2 1,3', 'b 10-20 #2 12,16'])
})

test('a successor goes on at the same time', () => {
  const { add, finish, reopen, take } = operatorOf({ window: tumbling(10), disorderMs: 0, maxAheadMs: 1000 })
  add('a1', 'b30')
  finish()
  take()
  reopen()
  expect(add('a9', 'a31')).toEqual(['late', 'taken'])
  add('b40')
  expect(take()).toEqual(['a 30-40 #1 31', 'b 30-40 #1 30'])
})

test('a key cannot have more than a thousand open windows', () => {
  const { add, take } = operatorOf({ window: tumbling(1), disorderMs: 2000, maxAheadMs: 10_000 })
  for (let time = 0; time < 1000; time++) add(`a${time}`)
  expect(() => add('a1001')).toThrow('The key "a" has 1000 open windows, which is the most.')
  expect(add('b1001', 'a999')).toEqual(['taken', 'taken'])
  expect(take()).toEqual([])
})

test('a time that is not a whole number is refused, and changes nothing', () => {
  const { add, take } = operatorOf({ window: tumbling(10), disorderMs: 0, maxAheadMs: 1000 })
  add('a1')
  for (const wrong of ['a1.5', 'aNaN', 'aInfinity', 'a-Infinity', 'a1e300'])
    expect(() => add(wrong)).toThrow('is not a time in whole milliseconds')
  add('a10')
  expect(take()).toEqual(['a 0-10 #1 1'])
})

test('wrong definitions are refused', () => {
  expect(() => hopping(10, 3)).toThrow('its size must be a multiple')
  expect(() => session(0)).toThrow('A session cannot end after 0 ms')
  const more = { window: session(10), disorderMs: 0 }
  expect(() => operatorOf({ ...more, latenessMs: 1 })).toThrow('latenessMs must be 0')
  expect(() => operatorOf({ ...more, idleMs: 1 })).toThrow('idleMs must not be set')
})

test('a sliding window ends with a record, and has what came before it', () => {
  const { add, take } = operatorOf({ window: sliding(10), disorderMs: 5, maxAheadMs: 1000 })
  add('a1', 'a7', 'b7', 'a4', 'a4', 'a11', 'a12')
  expect(take()).toEqual(['a -8-2 #1 1', 'a -5-5 #1 1,4,4'])
  add('a30')
  expect(take()).toEqual(['a -2-8 #1 1,4,4,7', 'b -2-8 #1 7', 'a 2-12 #1 4,4,7,11', 'a 3-13 #1 4,4,7,11,12'])
  expect(add('a24', 'a25', 'a60')).toEqual(['late', 'taken', 'taken'])
  expect(take()).toEqual(['a 16-26 #1 25', 'a 21-31 #1 25,30'])
})

test('a late record has a sliding window of its own, and new results of those after it', () => {
  const { add, take } = operatorOf({ window: sliding(10), disorderMs: 0, latenessMs: 20, maxAheadMs: 1000 })
  add('a1', 'a9', 'a15', 'a20')
  expect(take()).toEqual(['a -8-2 #1 1', 'a 0-10 #1 1,9', 'a 6-16 #1 9,15'])
  add('a8')
  expect(take()).toEqual(['a -1-9 #1 1,8', 'a 0-10 #2 1,8,9', 'a 6-16 #2 8,9,15'])
  add('a21')
  expect(take()).toEqual(['a 11-21 #1 15,20'])
  expect(add('a0', 'a70', 'a48', 'a49')).toEqual(['late', 'taken', 'late', 'late'])
})

test('more windows than one transaction can hold have their results in later turns, and the same ones', () => {
  const { add, take, tick, finish } = operatorOf({
    ...{ window: tumbling(10), disorderMs: 20_000, latenessMs: 50_000, maxAheadMs: 100_000 },
  })
  for (const key of 'abcdef') add(...Array.from({ length: 1000 }, (_, i) => `${key}${i * 10}`))
  expect(take()).toEqual([])
  add('g40000')
  const first = take()
  expect(first).toHaveLength(5000)
  expect(add('f9995')).toEqual(['taken'])
  const late = take()
  expect(late.slice(-2)).toEqual(['f 9990-10000 #1 9990', 'f 9990-10000 #2 9990,9995'])
  finish()
  tick(0)
  const all = [...first, ...late, ...take()]
  expect(all).toHaveLength(6001)
  expect(new Set(all).size).toBe(6001)
})

test('a record does not join a session that is over, though that has had no result yet', () => {
  const { add, take, tick } = operatorOf({ window: session(3), disorderMs: 10_000, maxAheadMs: 100_000 })
  for (const key of 'abcdef') add(...Array.from({ length: 1000 }, (_, i) => `${key}${i * 10}`))
  add(`g${10_000 + 9994}`)
  expect(take()).toHaveLength(5000)
  add('f9992')
  expect(take().at(-1)).toBe('f 9990-9993 #1 9990')
  tick(0)
  add('g30000')
  expect(take().slice(-2)).toEqual(['f 9992-9995 #1 9992', 'g 19994-19997 #1 19994'])
})

test('a running aggregate has a result for each record, in the order in which they come', () => {
  const { add, take, reopen } = operatorOf({ window: running(), disorderMs: 5, maxAheadMs: 1000 })
  expect(add('a1', 'b2', 'a900', 'a3')).toEqual(['taken', 'taken', 'taken', 'taken'])
  const forever = '0-8640000000000000'
  expect(take()).toEqual([
    `a ${forever} #1 1`,
    `b ${forever} #1 2`,
    `a ${forever} #2 1,900`,
    `a ${forever} #3 1,900,3`,
  ])
  expect(add('a1001')).toEqual(['ahead'])
  reopen()
  add('b4')
  expect(take()).toEqual([`b ${forever} #2 2,4`])
  expect(() => operatorOf({ window: running(), disorderMs: 5, latenessMs: 5 })).toThrow(RangeError)
})

test('a window of an idle partition has its result, also if older windows of its key are forgotten before', () => {
  const { add, take, tick, finish } = operatorOf({
    ...{ window: tumbling(10), disorderMs: 0, latenessMs: 25, idleMs: 5, maxAheadMs: 1000 },
  })
  add('a1', 'a11', 'a21', 'a31', 'a41')
  finish(1000)
  take()
  // The window that ends at 20 is forgotten at 45.
  tick(1006)
  expect(take()).toEqual([])
  tick(1012)
  expect(take()).toEqual(['a 40-50 #1 41'])
  finish(2000)
  add('a42', 'a80')
  expect(take()).toEqual(['a 40-50 #2 41,42'])
})
