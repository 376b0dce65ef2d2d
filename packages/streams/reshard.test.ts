import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { MAX_HASH_KEY, byStart, endOf, startOf, uniformRanges } from './hash-range.ts'
import { beginResharding, finishResharding, mergeOf, PARTITION_REST, placeChildren, splitOf, stepTowards } from './reshard.ts'
import { routingOf } from './routing.ts'
import { childrenOf, newStream, openShards, withoutExpired, type Stream } from './stream.ts'

const NOW = 1_764_000_000_000
const active = (shards: number): Stream => ({ ...newStream({ name: 's', mode: 'PROVISIONED', shards, maxRecordKiB: 1024, tags: {}, external: false }, NOW), status: 'ACTIVE' })

/** All steps of a resharding, each partition's log growing by ten between them. */
function finish(stream: Stream, now = NOW): Stream {
  let end = 0
  while (stream.resharding !== null) {
    end += 10
    stream = finishResharding(stream, placeChildren(stream, now).map((child) => ({ ...child, from: end })), () => end, now)
  }
  return stream
}

function expectWhole(stream: Stream): void {
  const open = openShards(stream)
  expect(startOf(open[0])).toBe(0n)
  expect(endOf(open.at(-1)!)).toBe(MAX_HASH_KEY)
  for (let i = 1; i < open.length; i++) expect(startOf(open[i])).toBe(endOf(open[i - 1]) + 1n)
  expect(new Set(open.map(({ partition }) => partition)).size).toBe(open.length)
  expect(new Set(stream.shards.map(({ id }) => id)).size).toBe(stream.shards.length)
  for (const shard of stream.shards) expect(shard.parents.length).toBeLessThanOrEqual(2)
}

test('ranges of new streams are those of Kinesis', () => {
  expect(uniformRanges(3)).toEqual([
    { start: '0', end: '113427455640312821154458202477256070484' },
    { start: '113427455640312821154458202477256070485', end: '226854911280625642308916404954512140969' },
    { start: '226854911280625642308916404954512140970', end: '340282366920938463463374607431768211455' },
  ])
})

test('a split: the parent ends where its log does, the children begin in other partitions', () => {
  const stream = active(2)
  const [first] = openShards(stream)
  const split = finish(beginResharding(stream, splitOf(first, 12345n), null))
  expectWhole(split)
  expect(split.shards.map(({ id, partition, from, to, createdSecond, parents }) => ({ id, partition, from, to, second: createdSecond - NOW / 1000, parents }))).toEqual([
    { id: 'shardId-000000000000', partition: 0, from: 0, to: 10, second: 0, parents: [] },
    { id: 'shardId-000000000001', partition: 1, from: 0, to: null, second: 0, parents: [] },
    { id: 'shardId-000000000002', partition: 2, from: 10, to: null, second: 1, parents: ['shardId-000000000000'] },
    { id: 'shardId-000000000003', partition: 3, from: 10, to: null, second: 1, parents: ['shardId-000000000000'] },
  ])
  expect(split).toMatchObject({ status: 'ACTIVE', resharding: null, nextShard: 4 })
})

test('a merge, into a partition that has rested', () => {
  const stream = active(2)
  const [lower, upper] = openShards(stream)
  const merged = finish(beginResharding(stream, mergeOf(lower, upper), null))
  expectWhole(merged)
  expect(childrenOf(merged, lower.id)).toEqual(childrenOf(merged, upper.id))
  const again = finish(beginResharding(merged, splitOf(openShards(merged)[0], 1n << 127n), null), NOW + PARTITION_REST)
  expect(openShards(again).map(({ partition }) => partition)).toEqual([0, 1])
})

test.each([[1, 2], [2, 4], [2, 3], [3, 2], [4, 3], [5, 10], [10, 5], [7, 6], [1, 1], [3, 5]])('from %i shards to %i of equal size', (from, to) => {
  const children = stepTowards(openShards(active(from)), to)
  const stream = children.length === 0 ? active(from) : finish(beginResharding(active(from), children, to))
  expectWhole(stream)
  expect(openShards(stream).map(({ start, end }) => ({ start, end }))).toEqual(uniformRanges(to))
})

test('keys go to the shard whose range holds their MD5', () => {
  const { shards, ofKey, ofHashKey, closing } = routingOf(beginResharding(active(5), splitOf(openShards(active(5))[2], (1n << 127n) - 5n), null))
  expect(closing).toEqual([false, false, true, false, false])
  for (const key of ['a', 'partition-1', '', 'ü', 'x'.repeat(256)]) {
    const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
    const expected = [...shards].sort(byStart).findIndex((shard) => startOf(shard) <= hash && hash <= endOf(shard))
    expect(ofKey(key)).toBe(expected)
    expect(ofHashKey(hash)).toBe(expected)
  }
  shards.forEach((shard, i) => expect([ofHashKey(startOf(shard)), ofHashKey(endOf(shard))]).toEqual([i, i]))
})

test('closed shards are shown until their records have expired', () => {
  const stream = active(2)
  const merged = finish(beginResharding(stream, mergeOf(openShards(stream)[0], openShards(stream)[1]), null))
  expect(withoutExpired(merged, NOW + 24 * 3_600_000 - 1)).toBe(merged)
  expect(withoutExpired(merged, NOW + 24 * 3_600_000).shards.map(({ id }) => id)).toEqual(['shardId-000000000002'])
})
