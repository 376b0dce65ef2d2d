import { formatToken } from '@weir/aws'
import { expect, test } from 'vitest'
import { fieldsOf, formatIterator, parseIterator, TOKEN_MS } from './tokens.ts'

const NOW = 1_764_000_000_000
const ITERATOR = {
  stream: 'orders',
  createdAt: NOW - 1000,
  shard: 'shardId-000000000007',
  offset: 12,
  issued: NOW,
}

test('an iterator is valid for five minutes, even at a replica whose clock is behind', () => {
  const text = formatIterator(ITERATOR)
  for (const now of [NOW - 59_000, NOW, NOW + TOKEN_MS]) expect(parseIterator(text, now)).toEqual(ITERATOR)
  expect(parseIterator(`"${text}"`, NOW)).toEqual(ITERATOR)
  expect(() => parseIterator(text, NOW - 61_000)).toThrow('Invalid ShardIterator.')
  expect(() => parseIterator(text, NOW + TOKEN_MS + 1)).toThrow('Iterator expired.')
  const longest = { ...ITERATOR, stream: 's'.repeat(128), offset: 2 ** 53 - 1 }
  expect(formatIterator(longest).length).toBeLessThan(512)
  expect(parseIterator(formatIterator(longest), NOW)).toEqual(longest)
})

test('a token is valid for five minutes, for its own list only', () => {
  const text = formatToken('shards', 'orders', '', '-62135596800000')
  const now = Date.now()
  for (const time of [now - 59_000, now + TOKEN_MS - 1000]) {
    expect(fieldsOf(text, 'shards', 3, time)).toEqual(['orders', '', '-62135596800000'])
  }
  expect(() => fieldsOf(text, 'shards', 3, now + TOKEN_MS + 1000)).toThrow('start again without one')
  expect(() => fieldsOf(text, 'shards', 3, now - 61_000)).toThrow('Invalid NextToken.')
  expect(() => fieldsOf(text, 'shards', 2, now)).toThrow('Invalid NextToken.')
  expect(() => fieldsOf(text, 'streams', 3, now)).toThrow('Invalid NextToken.')
})
