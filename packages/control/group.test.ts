import { expect, test } from 'vitest'
import { MAX_GROUP, type Scope, takeGroup } from './group.ts'

const groupsOf = (...scopes: (Scope | undefined)[]): number[] => {
  const queue = scopes.map((scope) => ({ scope }))
  const sizes: number[] = []
  while (queue.length > 0) sizes.push(takeGroup(queue).length)
  return sizes
}
const subscribe = (endpoint: string): Scope => ({ reads: ['topic'], changes: [endpoint] })

test('decisions about different things share a transaction', () => {
  expect(groupsOf(subscribe('a'), subscribe('b'), subscribe('c'))).toEqual([3])
  expect(groupsOf({ changes: ['a'] }, { changes: ['b'] })).toEqual([2])
})

test('a decision does not share a transaction with one that it may depend on', () => {
  expect(groupsOf(subscribe('a'), subscribe('b'), subscribe('a'))).toEqual([2, 1])
  expect(groupsOf(subscribe('a'), { changes: ['topic'] }, subscribe('b'))).toEqual([1, 1, 1])
  expect(groupsOf({ changes: ['topic'] }, subscribe('a'))).toEqual([1, 1])
})

test('a decision without a scope is made alone, and no other one overtakes it', () => {
  expect(groupsOf(undefined, undefined)).toEqual([1, 1])
  expect(groupsOf(subscribe('a'), undefined, subscribe('b'), subscribe('c'))).toEqual([1, 1, 2])
})

test('a group is bounded', () => {
  expect(groupsOf(...Array.from({ length: MAX_GROUP + 1 }, (_, i) => subscribe(String(i))))).toEqual([
    MAX_GROUP,
    1,
  ])
})
