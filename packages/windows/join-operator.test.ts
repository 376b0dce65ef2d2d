import { random } from '@weir/codec/testing/values.ts'
import { MemoryStates } from '@weir/state/memory-states.ts'
import { expect, inject, test } from 'vitest'
import {
  type JoinDefinition,
  JoinOperator,
  type JoinState,
  joinTimers,
  type Placed,
  type Side,
} from './index.ts'

const ROUNDS = inject('thorough') ? 20 : 5

type Definition = Omit<JoinDefinition<string, string, string>, 'join'>

/** Records such as "a5": of key a, at 5 ms. Results such as "a5+a7", or "a5+" for a left record that has met none. */
function joinOf(definition: Definition) {
  const results: string[] = []
  const states = new MemoryStates<JoinState<string, string>>((value) => joinTimers(value, definition))
  const join = (left: string, right: string | undefined): string => `${left}+${right ?? ''}`
  const open = () => new JoinOperator({ ...definition, join }, states, (result) => results.push(result))
  let operator = open()
  operator.begin()
  const add = (side: Side, ...records: string[]): Placed[] =>
    records.map((record) => {
      const time = Number(record.slice(1))
      return operator.add(side, Buffer.from(record), 0, 1, record, time, time)
    })
  return {
    left: (...records: string[]) => add('left', ...records),
    right: (...records: string[]) => add('right', ...records),
    /** Opens a successor, as after a commit. */
    reopen: () => {
      operator.finish()
      operator = open()
      operator.begin()
    },
    take: () => results.splice(0),
    waiting: (key: string) => {
      const { left = [], right = [] } = states.at(Buffer.from(key)).value ?? {}
      return [left.length, right.length]
    },
  }
}

test('records of a key meet if the right one is within the interval after the left one', () => {
  const { left, right, take } = joinOf({ lowerMs: -2, upperMs: 10, disorderMs: 100 })
  left('a20', 'b20')
  right('a17', 'a18', 'a30', 'a31')
  expect(take()).toEqual(['a20+a18', 'a20+a30'])
  left('a21')
  expect(take()).toEqual(['a21+a30', 'a21+a31'])
})

test('a record is late by the time of its own side', () => {
  const { left, right, take } = joinOf({ lowerMs: 0, upperMs: 10, disorderMs: 5 })
  left('a50')
  expect(right('a7', 'a2', 'a1', 'a55')).toEqual(['taken', 'taken', 'late', 'taken'])
  expect(left('a44', 'a45')).toEqual(['late', 'taken'])
  expect(take()).toEqual(['a50+a55', 'a45+a55'])
})

test('records wait until both sides have passed what they may meet, also in a successor', () => {
  const { left, right, take, waiting, reopen } = joinOf({ lowerMs: 0, upperMs: 10, disorderMs: 0 })
  left('a10', 'b40')
  right('b20')
  expect(waiting('a')).toEqual([1, 0])
  reopen()
  right('a20')
  expect(take()).toEqual(['a10+a20'])
  right('b21')
  expect(waiting('a')).toEqual([0, 0])
  expect(right('a20')).toEqual(['late'])
})

test('with outer, a left record that has met none has a result when none can come', () => {
  const { left, right, take } = joinOf({ lowerMs: 0, upperMs: 10, disorderMs: 0, outer: true })
  left('a1', 'a2', 'b30')
  right('a12', 'b12')
  expect(take()).toEqual(['a2+a12', 'a1+'])
  right('b60')
  left('b61')
  expect(take()).toEqual(['b30+'])
})

test('a key cannot have more than a thousand waiting records on a side', () => {
  const { left, right } = joinOf({ lowerMs: 0, upperMs: 10, disorderMs: 0 })
  left(...Array.from({ length: 1000 }, (_, i) => `a${i}`))
  expect(() => left('a1000')).toThrow('The key "a" has 1000 waiting records, which is the most.')
  expect(right('a1000')).toEqual(['taken'])
})

test('an interval without times is refused', () => {
  expect(() => joinOf({ lowerMs: 1, upperMs: 0, disorderMs: 0 })).toThrow(RangeError)
})

/** The pairs of records that are not late, by their definition. */
function expected(
  left: readonly string[],
  right: readonly string[],
  { lowerMs, upperMs, disorderMs }: Definition,
) {
  const taken = (records: readonly string[]): string[] => {
    let latest = -Infinity
    return records.filter((record) => {
      const time = Number(record.slice(1))
      const isTaken = time >= latest - disorderMs
      latest = Math.max(latest, time)
      return isTaken
    })
  }
  const rights = taken(right)
  return taken(left).flatMap((one) =>
    rights
      .filter((other) => {
        const after = Number(other.slice(1)) - Number(one.slice(1))
        return one[0] === other[0] && after >= lowerMs && after <= upperMs
      })
      .map((other) => `${one}+${other}`),
  )
}

test.each([
  { lowerMs: 0, upperMs: 20, disorderMs: 15 },
  { lowerMs: -20, upperMs: 5, disorderMs: 3 },
  { lowerMs: 5, upperMs: 30, disorderMs: 0 },
  { lowerMs: -30, upperMs: -5, disorderMs: 10 },
])('the pairs are those of the definition, however the two sides come together: %o', (definition) => {
  const next = random(3)
  const records = (): string[] =>
    Array.from(
      { length: 400 },
      (_, i) => `${'abc'[Math.floor(next() * 3)]}${i * 3 + Math.floor(next() * 40)}`,
    )
  for (let round = 0; round < ROUNDS; round++) {
    const [lefts, rights] = [records(), records()]
    const { left, right, take, reopen } = joinOf(definition)
    for (
      const waiting = { left: [...lefts], right: [...rights] };
      waiting.left.length + waiting.right.length > 0;
    ) {
      const isLeft =
        waiting.right.length === 0 || (waiting.left.length > 0 && next() < (round + 1) / (ROUNDS + 2))
      if (isLeft) left(waiting.left.shift()!)
      else right(waiting.right.shift()!)
      if (next() < 0.05) reopen()
    }
    expect(take().toSorted()).toEqual(expected(lefts, rights, definition).toSorted())
  }
})
