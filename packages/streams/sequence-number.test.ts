import { expect, test } from 'vitest'
import { parseSequenceNumber, SequenceNumbers } from './sequence-number.ts'

const SHARD = { id: 'shardId-000000000018', from: 100, createdSecond: 1_764_014_400 }
const TIME = 1_764_014_401_234

test('a sequence number has the layout of Kinesis', () => {
  const numbers = new SequenceNumbers(SHARD)
  const hex = BigInt(numbers.at(107, TIME)).toString(16)
  expect(hex).toBe(
    `2${(1_764_014_400).toString(16).padStart(9, '0')}2${(8).toString(16).padStart(16, '0')}00${(1_764_014_401).toString(16).padStart(9, '0')}00000012` +
      '2',
  )
  expect(numbers.at(107, TIME)).toHaveLength(56)
})

test('the numbers of a shard grow between its start and its end, and are parsed back', () => {
  const numbers = new SequenceNumbers(SHARD)
  let last = BigInt(numbers.start)
  for (const [offset, time] of [
    [100, TIME],
    [101, TIME],
    [102, TIME + 5000],
    [103, TIME],
    [100 + 2 ** 52, TIME],
  ] as const) {
    const text = numbers.at(offset, time)
    expect(BigInt(text) > last).toBe(true)
    last = BigInt(text)
    expect(parseSequenceNumber(text)).toEqual({
      shard: 18,
      createdSecond: SHARD.createdSecond,
      place: offset - 99,
      arrivedSecond: Math.floor(time / 1000),
    })
  }
  expect(BigInt(numbers.end(TIME)) > last).toBe(true)
  expect(parseSequenceNumber(numbers.before(100, TIME))!.place).toBe(0)
})

test("a child's numbers are larger than its parent's, and differ from its neighbours'", () => {
  const child = new SequenceNumbers({
    id: 'shardId-000000000019',
    from: 0,
    createdSecond: SHARD.createdSecond + 1,
  })
  const neighbour = new SequenceNumbers({
    id: 'shardId-000000000020',
    from: 0,
    createdSecond: SHARD.createdSecond + 1,
  })
  expect(BigInt(child.start) > BigInt(new SequenceNumbers(SHARD).end(TIME + 10 ** 9))).toBe(true)
  expect(child.at(0, TIME)).not.toBe(neighbour.at(0, TIME))
})

test.each([
  '',
  '-1',
  '01',
  '1.5',
  'x',
  '0',
  '5',
  `1${'0'.repeat(129)}`,
  '9'.repeat(129),
  '18446744073709551616',
])('%j is not a sequence number', (text) => {
  expect(parseSequenceNumber(text)).toBeUndefined()
})
