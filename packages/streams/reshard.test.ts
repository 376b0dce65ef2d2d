import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { MAX_HASH_KEY, byStart, endOf, startOf, uniformRanges } from './hash-range.ts'
import { beginResharding, finishResharding, mergeOf, PARTITION_REST, placeChildren, splitOf, stepTowards } from './reshard.ts'
import { routingOf } from './routing.ts'
import { childrenOf, newStream, openShards, shardId, withoutExpired, type Shard, type Stream } from './stream.ts'

const NOW = 1_764_000_000_000
const active = (shards: number): Stream => ({ ...newStream({ name: 's', mode: 'PROVISIONED', shards, maxRecordKiB: 1024, tags: {}, external: false }, NOW), status: 'ACTIVE' })

/** All steps of a resharding, each partition's log growing by ten between them. Returns their number, too. */
function stepsOf(stream: Stream, now: number): [Stream, number] {
  let steps = 0
  while (stream.resharding !== null) {
    const end = 10 * ++steps
    stream = finishResharding(stream, placeChildren(stream, now).map((child) => ({ ...child, from: end })), () => end, now)
  }
  return [stream, steps]
}

const finish = (stream: Stream, now = NOW): Stream => stepsOf(stream, now)[0]

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

const HASH_KEYS = MAX_HASH_KEY + 1n
/** Hash keys by which a bound may miss the exact one: roundings. */
const ROUNDING = 1n << 20n
const sizeOf = (shard: Shard): bigint => endOf(shard) - startOf(shard) + 1n

/** Splits and merges until there are `target` shards. */
function rescale(stream: Stream, target: number): [Stream, number] {
  const children = stepTowards(openShards(stream), target)
  return children.length === 0 ? [stream, 0] : stepsOf(beginResharding(stream, children, target), NOW)
}

/** What is wrong: shards that are not of the target's size, or one on the way that a rounding cut off. */
function faultsOf(stream: Stream, from: number, target: number): string[] {
  const open = openShards(stream)
  const faults = open.length === target ? [] : [`${open.length} shards`]
  let next = 0n
  open.forEach((shard, i) => {
    if (startOf(shard) !== next) faults.push(`a gap before ${shard.id}`)
    next = endOf(shard) + 1n
    const off = startOf(shard) - (HASH_KEYS * BigInt(i)) / BigInt(target)
    if (off > ROUNDING || off < -ROUNDING) faults.push(`${shard.id} begins ${off} off`)
  })
  if (next !== HASH_KEYS) faults.push('a gap at the end')
  // Bounds i / from and k / target that are not the same are no nearer than this.
  const nearest = HASH_KEYS / BigInt(from * target)
  for (const shard of stream.shards) if (sizeOf(shard) + ROUNDING < nearest) faults.push(`${shard.id} has ${sizeOf(shard)} keys`)
  return faults
}

test('from every number of shards to every number that is allowed, in few steps', () => {
  const faults: string[] = []
  for (let from = 1; from <= 64; from++) {
    for (let target = Math.ceil(from / 2); target <= 2 * from; target++) {
      const [stream, steps] = rescale(active(from), target)
      const allowed = from === target ? 0 : target === 2 * from || from === 2 * target ? 1 : 4
      faults.push(...faultsOf(stream, from, target).map((fault) => `${from} to ${target}: ${fault}`))
      if (steps > allowed) faults.push(`${from} to ${target}: ${steps} steps`)
    }
  }
  expect(faults).toEqual([])
})

test('twice as many shards: each is split once, in their order', () => {
  for (let from = 1; from <= 64; from++) {
    const [stream] = rescale(active(from), 2 * from)
    const children = Array.from({ length: 2 * from }, (_, i) => ({ id: shardId(from + i), parents: [shardId(i >> 1)] }))
    expect(stream.shards.slice(from)).toMatchObject(children)
    expect(openShards(stream).map(({ id }) => id)).toEqual(children.map(({ id }) => id))
  }
})

test('half as many shards: pairs are merged once, in their order', () => {
  for (let target = 1; target <= 32; target++) {
    const [stream] = rescale(active(2 * target), target)
    expect(stream.shards.slice(2 * target)).toMatchObject(Array.from({ length: target }, (_, i) => ({
      id: shardId(2 * target + i), parents: [shardId(2 * i), shardId(2 * i + 1)],
    })))
  }
})

test.each([[2, 4, 6], [4, 5, 15], [4, 2, 6]])('from %i to %i shards there are as many in all as at AWS: %i', (from, target, all) => {
  expect(rescale(active(from), target)[0].shards).toHaveLength(all)
})

test.each([
  [[60, 30, 16, 8, 4, 2, 1]], [[3, 6, 12, 24, 48, 64, 33, 17, 9, 5, 3]], [[63, 64, 63, 32, 62, 31]], [[7, 14, 28, 56, 50, 25, 13, 7, 4]],
])('roundings do not add up: %j', (counts) => {
  let stream = active(counts[0])
  for (let i = 1; i < counts.length; i++) {
    stream = rescale({ ...stream, shards: openShards(stream) }, counts[i])[0]
    expect(faultsOf(stream, counts[i - 1], counts[i])).toEqual([])
  }
})

test('shards of a few hash keys, split off by hand, are merged again', () => {
  const [first] = openShards(active(2))
  const split = finish(beginResharding(active(2), splitOf(first, 10n), null))
  const [stream] = rescale({ ...split, shards: openShards(split) }, 2)
  expect(openShards(stream).map(({ start }) => start)).toEqual(['0', String(HASH_KEYS / 2n)])
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
