import { type Item, readItem } from '@weir/items'
import { expect, test } from 'vitest'
import { carryOut, revisionOf, type StoredItem, WRONG_REVISION, type WriteRequest } from './operations.ts'

const item = (n: number): Item => readItem({ id: { S: 'x' }, n: { N: String(n) } })
const request = (operation: WriteRequest['operation'], input: object, more: object = {}): WriteRequest => ({
  id: 'r',
  replyTo: '',
  table: '',
  operation,
  input: JSON.stringify(input),
  expected: null,
  at: 1000,
  ...more,
})
const put = (n: number, more: object = {}) => request('put', { Item: item(n) }, more)

test('a version counts the changes of an item; a write that changes nothing is none', () => {
  const created = carryOut(put(1), undefined).after!
  expect(created).toEqual({ item: item(1), version: 1, createdAt: 1000 })
  expect(carryOut(put(1, { at: 2000 }), created).after).toBe(created)
  const changed = carryOut(put(2, { at: 2000 }), created)
  expect(changed.after).toEqual({ item: item(2), version: 2, createdAt: 1000 })
  expect(changed.answer).toEqual({ code: null, message: '', item: null, revision: revisionOf(changed.after) })
  expect(carryOut(request('delete', { Key: { id: { S: 'x' } } }), created).after).toBe(undefined)
})

test('an expected revision is that of one state of one item', () => {
  const before: StoredItem = { item: item(1), version: 3, createdAt: 1000 }
  const ask = (expected: string) => carryOut(put(2, { expected }), before).answer.code
  expect(ask(revisionOf(before))).toBe(null)
  expect(ask(revisionOf({ ...before, version: 2 }))).toBe(WRONG_REVISION)
  expect(ask(revisionOf({ ...before, createdAt: 999 }))).toBe(WRONG_REVISION)
  expect(ask('')).toBe(WRONG_REVISION)
  expect(carryOut(put(2, { expected: '' }), undefined).answer.code).toBe(null)
  expect(carryOut(put(2, { expected: '' }), before).after).toBe(before)
})

test.each([
  ['ALL_OLD', { id: { S: 'x' }, n: { N: '1' } }],
  ['ALL_NEW', { id: { S: 'x' }, n: { N: '3' }, tag: { S: 't' } }],
  ['UPDATED_OLD', { n: { N: '1' } }],
  ['UPDATED_NEW', { n: { N: '3' }, tag: { S: 't' } }],
  ['NONE', undefined],
])('an update returns what is asked for: %s', (ReturnValues, expected) => {
  const { answer } = carryOut(
    request('update', {
      Key: { id: { S: 'x' } },
      UpdateExpression: 'SET n = n + :two, tag = :tag',
      ExpressionAttributeValues: { ':two': { N: '2' }, ':tag': { S: 't' } },
      ReturnValues,
    }),
    { item: item(1), version: 1, createdAt: 0 },
  )
  expect(answer.item === null ? undefined : JSON.parse(answer.item)).toEqual(expected)
})

test('an item that does not fit an update, or is too large, stays as it is, and the answer says why', () => {
  const before: StoredItem = { item: item(1), version: 1, createdAt: 0 }
  const update = request('update', {
    Key: { id: { S: 'x' } },
    UpdateExpression: 'SET n = absent + :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  })
  const { after, answer } = carryOut(update, before)
  expect(after).toBe(before)
  expect(answer).toMatchObject({
    code: 'ValidationException',
    message: 'The provided expression refers to an attribute that does not exist in the item',
  })
  const large = request('put', { Item: { id: { S: 'x' }, list: { L: Array(60_000).fill({ N: '1' }) } } })
  expect(carryOut(large, before)).toMatchObject({ after: before, answer: { code: 'ValidationException' } })
})

test.each([['{'], ['null'], ['{"Item":[]}'], ['{"Item":{"id":{"X":1}}}'], ['{"ConditionExpression":7}']])(
  'an input that the API would not write changes nothing: %s',
  (input) => {
    const before: StoredItem = { item: item(1), version: 1, createdAt: 0 }
    try {
      expect(carryOut({ ...put(2), input }, before).after).toBe(before)
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
    }
  },
)
