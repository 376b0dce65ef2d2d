import { expect, test } from 'vitest'
import { formatToken, pageOf, parseToken } from './paging.ts'

const itself = (item: string): string => item

test('a page begins after the last item of the one before, even if that item has been removed', () => {
  const first = pageOf(['a', 'b', 'c'], itself, undefined, 2)
  expect(first).toEqual({ items: ['a', 'b'], last: 'b' })
  expect(pageOf(['a', 'c'], itself, first.last, 2)).toEqual({ items: ['c'], last: undefined })
  expect(pageOf([], itself, undefined, 2)).toEqual({ items: [], last: undefined })
  expect(pageOf(['a'], itself, undefined, 1)).toEqual({ items: ['a'], last: undefined })
})

test('only the list that issued a token accepts it', () => {
  const token = formatToken('shards', 'orders', 'é/"\0')
  expect(parseToken(token, 'shards', 2)).toEqual({
    fields: ['orders', 'é/"\0'],
    issuedAt: expect.closeTo(Date.now(), -3),
  })
  expect(parseToken(token, 'streams', 2)).toBeUndefined()
  expect(parseToken(token, 'shards', 1)).toBeUndefined()
})

test.each([
  '',
  '%',
  Buffer.from('null').toString('base64url'),
  Buffer.from('[]').toString('base64url'),
  Buffer.from('{"0":1,"1":"l","2":"a"}').toString('base64url'),
  Buffer.from('["1","l","a"]').toString('base64url'),
  Buffer.from('[1,"l",{}]').toString('base64url'),
  'A'.repeat(5000),
])('%j is not a token', (text) => {
  expect(parseToken(text, 'l', 1)).toBeUndefined()
})
