/** Splits, merges and changes of the number of shards, as plain steps from one state of a stream to the next. */
import { byStart, startOf, uniformRanges } from './hash-range.ts'
import { closingShards, openShards, shardId, type Child, type Shard, type Stream } from './stream.ts'

/** A partition that belonged to a shard is given to another one only when every replica has long seen that the first is closed (ms). */
export const PARTITION_REST = 60_000
/** Hash keys. More than all roundings of a bound add up to, and too few to matter: 2^47 shards would have as many each. */
const MAX_ROUNDING = 1n << 64n

/** The shard's range cut in two; `at` is where the second one starts. */
export function splitOf(shard: Shard, at: bigint): Child[] {
  return [
    { start: shard.start, end: String(at - 1n), parents: [shard.id] },
    { start: String(at), end: shard.end, parents: [shard.id] },
  ]
}

/** The two shards, of which the first lies below the second, as one. */
export function mergeOf(lower: Shard, upper: Shard): Child[] {
  return [{ start: lower.start, end: upper.end, parents: [lower.id, upper.id] }]
}

/** Stops the parents' intake. Everything else goes on. */
export function beginResharding(stream: Stream, children: readonly Child[], target: number | null): Stream {
  return { ...stream, status: 'UPDATING', resharding: { children, target } }
}

/**
 * Closes the parents at `ends` and opens their children in partitions that are free, or new. With a target that is not reached, the next step begins at once.
 * @param children as placed by placeChildren(), with the ends of their partitions as `from`
 * @param endOfPartition the end of a partition's log, where nobody writes any more
 */
export function finishResharding(stream: Stream, children: readonly Shard[], endOfPartition: (partition: number) => number, now: number): Stream {
  const closing = closingShards(stream)
  const closed = stream.shards.map((shard) => (closing.has(shard.id) ? { ...shard, to: endOfPartition(shard.partition), closedAt: now } : shard))
  const { target } = stream.resharding!
  const next: Stream = {
    ...stream, shards: [...closed, ...children], status: 'ACTIVE', resharding: null, nextShard: stream.nextShard + children.length,
  }
  const steps = target === null ? [] : stepTowards(openShards(next), target)
  return steps.length === 0 ? next : { ...next, status: 'UPDATING', resharding: { children: steps, target } }
}

/** The children of the resharding under way as they will be opened, each in a partition of its own. `from` is filled in by the caller. */
export function placeChildren(stream: Stream, now: number): Omit<Shard, 'from'>[] {
  const taken = new Set<number>()
  for (const { partition, closedAt } of stream.shards) {
    if (closedAt === null || closedAt + PARTITION_REST > now) taken.add(partition)
  }
  let partition = -1
  const free = (): number => {
    do partition++
    while (taken.has(partition))
    return partition
  }
  const seconds = new Map(stream.shards.map(({ id, createdSecond }) => [id, createdSecond]))
  return stream.resharding!.children.map(({ start, end, parents }, i) => ({
    start, end, parents, id: shardId(stream.nextShard + i), partition: free(), to: null, createdAt: now, closedAt: null,
    createdSecond: Math.max(Math.floor(now / 1000), ...parents.map((parent) => seconds.get(parent)! + 1)),
  }))
}

/**
 * The next step from these open shards to `target` shards of equal size: first every shard that reaches over a bound of the target is split there, then
 * the shards between two bounds are merged, two by two. Empty when the target is reached.
 */
export function stepTowards(open: readonly Shard[], target: number): Child[] {
  const shards = [...open].sort(byStart)
  const starts = shards.map(startOf)
  const bounds = boundsOf(starts, target)
  const inside = between(bounds, (bound) => bound, starts).map((found, i) => found.filter((bound) => bound > starts[i]))
  const splits = shards.flatMap((shard, i) => (inside[i].length === 0 ? [] : splitOf(shard, inside[i][inside[i].length >> 1])))
  if (splits.length > 0) return splits
  return between(shards, startOf, bounds).flatMap((within) => {
    const merges: Child[] = []
    for (let i = 0; i + 1 < within.length; i += 2) merges.push(...mergeOf(within[i], within[i + 1]))
    return merges
  })
}

/** For each bound, the items from it up to the next bound. Both come in their order. */
function between<T>(items: readonly T[], placeOf: (item: T) => bigint, bounds: readonly bigint[]): T[][] {
  let at = 0
  return bounds.map((_, b) => {
    const first = at
    while (at < items.length && (b + 1 === bounds.length || placeOf(items[at]) < bounds[b + 1])) at++
    return items.slice(first, at)
  })
}

/**
 * Where `target` shards of equal size begin. The same bound comes out differently for different targets, since each rounds by its own size: a start
 * that differs by no more than that is taken as it is, or a shard of a few hash keys would be cut off.
 * @param starts of the open shards, in their order
 */
function boundsOf(starts: readonly bigint[], target: number): bigint[] {
  const distance = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b)
  let nearest = 0
  return uniformRanges(target).map((range) => {
    const wanted = startOf(range)
    while (nearest + 1 < starts.length && distance(starts[nearest + 1], wanted) <= distance(starts[nearest], wanted)) nearest++
    return distance(starts[nearest], wanted) <= MAX_ROUNDING ? starts[nearest] : wanted
  })
}
