import { expect, test } from 'vitest'
import { assignRanges, decodeAssignment, encodeSubscription } from './assignment.ts'

const member = (memberId: string, ...topics: string[]) => ({
  memberId,
  memberMetadata: encodeSubscription(topics),
})
const shares = (...args: Parameters<typeof assignRanges>) =>
  Object.fromEntries(
    assignRanges(...args).map(({ memberId, memberAssignment }) => [
      memberId,
      decodeAssignment(memberAssignment)
        .map(({ topic, partition }) => `${topic}${partition}`)
        .join(' '),
    ]),
  )

test('every partition has one owner, in contiguous ranges that differ by one at most', () => {
  expect(shares([member('b', 'x'), member('a', 'x'), member('c', 'x')], new Map([['x', 7]]))).toEqual({
    a: 'x0 x1',
    b: 'x2 x3',
    c: 'x4 x5 x6',
  })
})

test('topics of the same size go together, so that they can be joined', () => {
  expect(
    shares(
      [member('a', 'x', 'y'), member('b', 'x', 'y')],
      new Map([
        ['x', 4],
        ['y', 4],
      ]),
    ),
  ).toEqual({ a: 'x0 x1 y0 y1', b: 'x2 x3 y2 y3' })
})

test('members get only what they asked for; more members than partitions leave some without', () => {
  expect(
    shares(
      [member('a', 'x'), member('b', 'y'), member('c', 'x')],
      new Map([
        ['x', 1],
        ['y', 2],
      ]),
    ),
  ).toEqual({ a: '', b: 'y0 y1', c: 'x0' })
})
