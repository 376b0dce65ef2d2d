import { describe, expect, test } from 'vitest'
import {
  ASSIGNORS,
  type Assignor,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './assignors.ts'

const members = ['C0', 'C1'].map((memberId) => ({ memberId, topics: ['t0', 't1'] }))
const counts = new Map([
  ['t0', 3],
  ['t1', 3],
])

function assigned(name: string, ...args: Parameters<Assignor>): Record<string, string[]> {
  const byMember = [...ASSIGNORS.get(name)!(...args)]
  return Object.fromEntries(
    byMember.map(([memberId, partitions]) => [
      memberId,
      partitions.map(({ topic, partition }) => `${topic}p${partition}`),
    ]),
  )
}

describe('as in the Java documentation', () => {
  test('the range assignor divides each topic', () => {
    expect(assigned('range', members, counts)).toEqual({
      C0: ['t0p0', 't0p1', 't1p0', 't1p1'],
      C1: ['t0p2', 't1p2'],
    })
  })

  test('the round-robin assignor divides all partitions', () => {
    expect(assigned('roundrobin', members, counts)).toEqual({
      C0: ['t0p0', 't0p2', 't1p1'],
      C1: ['t0p1', 't1p0', 't1p2'],
    })
  })

  test('members get only partitions of their own topics', () => {
    const different = [
      { memberId: 'C0', topics: ['t0'] },
      { memberId: 'C1', topics: ['t0', 't1'] },
    ]
    expect(assigned('roundrobin', different, counts)).toEqual({
      C0: ['t0p0', 't0p2'],
      C1: ['t0p1', 't1p0', 't1p1', 't1p2'],
    })
    expect(assigned('range', different, counts)).toEqual({
      C0: ['t0p0', 't0p1'],
      C1: ['t0p2', 't1p0', 't1p1', 't1p2'],
    })
  })

  test('the last members get nothing if there are more members than partitions', () => {
    const three = ['a', 'b', 'c'].map((memberId) => ({ memberId, topics: ['t0'] }))
    expect(assigned('range', three, new Map([['t0', 2]]))).toEqual({ a: ['t0p0'], b: ['t0p1'], c: [] })
  })
})

test('a subscription has the bytes of ConsumerProtocolSubscription version 1', () => {
  expect(encodeSubscription(['ab', 'a']).toString('hex')).toBe(
    '0001' + '00000002' + '000161' + '00026162' + 'ffffffff' + '00000000',
  )
  expect(decodeSubscription(encodeSubscription(['ab', 'a']))).toEqual(['a', 'ab'])
})

test('an encoded assignment is decoded back, and empty bytes are an empty assignment', () => {
  const partitions = [
    { topic: 'a', partition: 1 },
    { topic: 'a', partition: 7 },
    { topic: 'b', partition: 0 },
  ]
  expect(decodeAssignment(encodeAssignment(partitions))).toEqual(partitions)
  expect(decodeAssignment(Buffer.alloc(0))).toEqual([])
})

test('member metadata with a wrong size is refused', () => {
  expect(() => decodeSubscription(Buffer.from('00017fffffff', 'hex'))).toThrow(RangeError)
  expect(() => decodeAssignment(Buffer.from('000100000001000161', 'hex'))).toThrow(RangeError)
})
