import { createHash } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { byStart, endOf, MAX_HASH_KEY, startOf, uniformRanges } from './hash-range.ts'
import {
  beginResharding,
  finishResharding,
  mergeOf,
  PARTITION_REST_MS,
  placeChildren,
  splitOf,
  stepTowards,
} from './reshard.ts'
import { routingOf } from './routing.ts'
import {
  childrenOf,
  newStream,
  openShards,
  type Shard,
  type Stream,
  shardId,
  withoutExpired,
} from './stream.ts'

const NOW = 1_764_000_000_000
const active = (shards: number): Stream => ({
  ...newStream(
    { name: 's', mode: 'PROVISIONED', shards, maxRecordKiB: 1024, tags: {}, external: false },
    NOW,
  ),
  status: 'ACTIVE',
})

/** Takes all steps of a resharding; each partition's log grows by ten between them. */
function finish(stream: Stream, now = NOW): Stream {
  let end = 0
  while (stream.resharding !== null) {
    end += 10
    stream = finishResharding(
      stream,
      placeChildren(stream, now).map((child) => ({ ...child, from: end })),
      () => end,
      now,
    )
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

test('a new stream has the same ranges as in Kinesis', () => {
  expect(uniformRanges(3)).toEqual([
    { start: '0', end: '113427455640312821154458202477256070484' },
    { start: '113427455640312821154458202477256070485', end: '226854911280625642308916404954512140969' },
    { start: '226854911280625642308916404954512140970', end: '340282366920938463463374607431768211455' },
  ])
})

test('a split ends the parent at the end of its log, and begins the children in other partitions', () => {
  const stream = active(2)
  const [first] = openShards(stream)
  const split = finish(beginResharding(stream, splitOf(first, 12345n), null))
  expectWhole(split)
  expect(
    split.shards.map(({ id, partition, from, to, createdSecond, parents }) => ({
      id,
      partition,
      from,
      to,
      second: createdSecond - NOW / 1000,
      parents,
    })),
  ).toEqual([
    { id: 'shardId-000000000000', partition: 0, from: 0, to: 10, second: 0, parents: [] },
    { id: 'shardId-000000000001', partition: 1, from: 0, to: null, second: 0, parents: [] },
    {
      id: 'shardId-000000000002',
      partition: 2,
      from: 10,
      to: null,
      second: 1,
      parents: ['shardId-000000000000'],
    },
    {
      id: 'shardId-000000000003',
      partition: 3,
      from: 10,
      to: null,
      second: 1,
      parents: ['shardId-000000000000'],
    },
  ])
  expect(split).toMatchObject({ status: 'ACTIVE', resharding: null, nextShard: 4 })
})

test('a merge begins its child in a partition that has rested', () => {
  const stream = active(2)
  const [lower, upper] = openShards(stream)
  const merged = finish(beginResharding(stream, mergeOf(lower, upper), null))
  expectWhole(merged)
  expect(childrenOf(merged, lower.id)).toEqual(childrenOf(merged, upper.id))
  const again = finish(
    beginResharding(merged, splitOf(openShards(merged)[0], 1n << 127n), null),
    NOW + PARTITION_REST_MS,
  )
  expect(openShards(again).map(({ partition }) => partition)).toEqual([0, 1])
})

/** The numbers of shards that each test scales from. */
const SCALED = inject('thorough') ? 8 : 2
const HASH_KEYS = MAX_HASH_KEY + 1n
/** Rounding moves a bound by fewer hash keys than this. */
const ROUNDING = 1n << 20n

/** Splits and merges until the stream has `target` shards. */
function rescale(stream: Stream, target: number): Stream {
  const children = stepTowards(openShards(stream), target)
  return children.length === 0 ? stream : finish(beginResharding(stream, children, target))
}

interface Rescaled {
  readonly open: readonly Shard[]
  /** The shards opened on the way and those still open. */
  readonly made: readonly Shard[]
  readonly steps: number
}

/** The same for shards alone, which is faster. */
function rescaled(shards: readonly Shard[], target: number): Rescaled {
  const made: Shard[] = []
  let open = shards
  let steps = 0
  for (let children = stepTowards(open, target); children.length > 0; children = stepTowards(open, target)) {
    steps++
    const opened = children.map((child) => ({ ...shards[0], ...child, id: `${child.start}-${child.end}` }))
    const closed = new Set(children.flatMap(({ parents }) => parents))
    open = [...open.filter(({ id }) => !closed.has(id)), ...opened]
    made.push(...opened)
  }
  return { open: [...open].sort(byStart), made, steps }
}

/** Finds shards that do not have the target's size, and shards that a rounding cut off. */
function faultsOf({ open, made }: Rescaled, from: number, target: number): string[] {
  const faults = open.length === target ? [] : [`${open.length} shards`]
  let next = 0n
  open.forEach((shard, i) => {
    const start = startOf(shard)
    if (start !== next) faults.push(`a gap before ${shard.start}`)
    next = endOf(shard) + 1n
    const off = start - (HASH_KEYS * BigInt(i)) / BigInt(target)
    if (off > ROUNDING || off < -ROUNDING) faults.push(`${shard.start} is ${off} off`)
  })
  if (next !== HASH_KEYS) faults.push('a gap at the end')
  // The bounds i / from and k / target are the same, or at least this far from each other.
  const smallest = HASH_KEYS / BigInt(from * target) - ROUNDING
  for (const shard of made)
    if (endOf(shard) - startOf(shard) < smallest) faults.push(`a sliver at ${shard.start}`)
  return faults.map((fault) => `${from} to ${target}: ${fault}`)
}

test.each([1, 9, 17, 25, 33, 41, 49, 57])(
  'scaling from %i shards, and from a few more, reaches every allowed number in few steps',
  (least) => {
    const faults: string[] = []
    for (let from = least; from < least + SCALED; from++) {
      const shards = openShards(active(from))
      for (let target = Math.ceil(from / 2); target <= 2 * from; target++) {
        const found = rescaled(shards, target)
        const allowed = from === target ? 0 : target === 2 * from || from === 2 * target ? 1 : 4
        faults.push(...faultsOf(found, from, target))
        if (found.steps > allowed) faults.push(`${from} to ${target}: ${found.steps} steps`)
      }
    }
    expect(faults).toEqual([])
  },
)

test('doubling the shards splits each of them once, in order', () => {
  for (let from = 1; from <= 64; from++) {
    const stream = rescale(active(from), 2 * from)
    const children = Array.from({ length: 2 * from }, (_, i) => ({
      id: shardId(from + i),
      parents: [shardId(i >> 1)],
    }))
    expect(stream.shards.slice(from)).toMatchObject(children)
    expect(openShards(stream).map(({ id }) => id)).toEqual(children.map(({ id }) => id))
  }
})

test('halving the shards merges pairs of them once, in order', () => {
  for (let target = 1; target <= 32; target++) {
    const stream = rescale(active(2 * target), target)
    expect(stream.shards.slice(2 * target)).toMatchObject(
      Array.from({ length: target }, (_, i) => ({
        id: shardId(2 * target + i),
        parents: [shardId(2 * i), shardId(2 * i + 1)],
      })),
    )
  }
})

test.each([
  [2, 4, 6],
  [4, 5, 15],
  [4, 2, 6],
])('scaling from %i to %i shards creates as many shards in all as at AWS: %i', (from, target, all) => {
  const stream = rescale(active(from), target)
  expectWhole(stream)
  expect(stream.shards).toHaveLength(all)
})

test.each([
  [[60, 30, 16, 8, 4, 2, 1]],
  [[3, 6, 12, 24, 48, 64, 33, 17, 9, 5, 3]],
  [[63, 64, 63, 32, 62, 31]],
  [[7, 14, 28, 56, 50, 25, 13, 7, 4]],
])('roundings do not add up over several scalings: %j', (counts) => {
  let shards: readonly Shard[] = openShards(active(counts[0]))
  for (let i = 1; i < counts.length; i++) {
    const found = rescaled(shards, counts[i])
    expect(faultsOf(found, counts[i - 1], counts[i])).toEqual([])
    shards = found.open
  }
})

test('shards of a few hash keys that were split off by hand are merged again', () => {
  const [first] = openShards(active(2))
  const split = finish(beginResharding(active(2), splitOf(first, 10n), null))
  expect(openShards(rescale(split, 2)).map(({ start }) => start)).toEqual(['0', String(HASH_KEYS / 2n)])
})

test('a key goes to the shard whose range has its MD5', () => {
  const { shards, ofKey, ofHashKey, closing } = routingOf(
    beginResharding(active(5), splitOf(openShards(active(5))[2], (1n << 127n) - 5n), null),
  )
  expect(closing).toEqual([false, false, true, false, false])
  for (const key of ['a', 'partition-1', '', 'ü', 'x'.repeat(256)]) {
    const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
    const expected = [...shards]
      .sort(byStart)
      .findIndex((shard) => startOf(shard) <= hash && hash <= endOf(shard))
    expect(ofKey(key)).toBe(expected)
    expect(ofHashKey(hash)).toBe(expected)
  }
  shards.forEach((shard, i) => expect([ofHashKey(startOf(shard)), ofHashKey(endOf(shard))]).toEqual([i, i]))
})

test('a closed shard is shown until its records have expired', () => {
  const stream = active(2)
  const merged = finish(beginResharding(stream, mergeOf(openShards(stream)[0], openShards(stream)[1]), null))
  expect(withoutExpired(merged, NOW + 24 * 3_600_000 - 1)).toBe(merged)
  expect(withoutExpired(merged, NOW + 24 * 3_600_000).shards.map(({ id }) => id)).toEqual([
    'shardId-000000000002',
  ])
})
