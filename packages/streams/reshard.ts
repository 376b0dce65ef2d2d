/**
 * Splits, merges and changes of the number of shards, as plain steps from one state of a stream to the next.
 */
import { byStart, startOf, uniformStarts } from './hash-range.ts'
import { type Child, closingShards, openShards, type Shard, type Stream, shardId } from './stream.ts'

/**
 * How long a partition stays unused after its shard was closed, before another shard gets it. By then, every
 * replica has seen that the old shard is closed.
 */
export const PARTITION_REST_MS = 60_000
/**
 * Bounds at most this many hash keys apart count as the same. Rounding errors are far smaller, and a shard is
 * far larger.
 */
const SAME_BOUND_DISTANCE = 1n << 64n

/** Cuts the shard's range in two; the second part starts at `at`. */
export function splitOf(shard: Shard, at: bigint): Child[] {
  return [
    { start: shard.start, end: String(at - 1n), parents: [shard.id] },
    { start: String(at), end: shard.end, parents: [shard.id] },
  ]
}

/** Merges two shards into one; the range of `lower` is directly below that of `upper`. */
export function mergeOf(lower: Shard, upper: Shard): Child[] {
  return [{ start: lower.start, end: upper.end, parents: [lower.id, upper.id] }]
}

/** Stops the parents from taking records. Everything else continues. */
export function beginResharding(stream: Stream, children: readonly Child[], target: number | null): Stream {
  return { ...stream, status: 'UPDATING', resharding: { children, target } }
}

/**
 * Closes the parents at the ends of their partitions and opens their children in free or new partitions. If
 * there is a target and it is not reached, the next step begins at once.
 * @param children as placed by placeChildren(), with the ends of their partitions as `from`
 * @param endOfPartition returns the end of a partition's log, which is no longer written to
 */
export function finishResharding(
  stream: Stream,
  children: readonly Shard[],
  endOfPartition: (partition: number) => number,
  now: number,
): Stream {
  const closing = closingShards(stream)
  const closed = stream.shards.map((shard) =>
    closing.has(shard.id) ? { ...shard, to: endOfPartition(shard.partition), closedAt: now } : shard,
  )
  const { target } = stream.resharding!
  const next: Stream = {
    ...stream,
    shards: [...closed, ...children],
    status: 'ACTIVE',
    resharding: null,
    nextShard: stream.nextShard + children.length,
  }
  const steps = target === null ? [] : stepTowards(openShards(next), target)
  return steps.length === 0 ? next : { ...next, status: 'UPDATING', resharding: { children: steps, target } }
}

/**
 * The children of the resharding under way as they will be opened, each in a partition of its own. `from` is
 * filled in by the caller.
 */
export function placeChildren(stream: Stream, now: number): Omit<Shard, 'from'>[] {
  const taken = new Set<number>()
  for (const { partition, closedAt } of stream.shards) {
    if (closedAt === null || closedAt + PARTITION_REST_MS > now) taken.add(partition)
  }
  let partition = -1
  const nextFree = (): number => {
    do {
      partition++
    } while (taken.has(partition))
    return partition
  }
  const seconds = new Map(stream.shards.map(({ id, createdSecond }) => [id, createdSecond]))
  return stream.resharding!.children.map(({ start, end, parents }, i) => ({
    start,
    end,
    parents,
    id: shardId(stream.nextShard + i),
    partition: nextFree(),
    to: null,
    createdAt: now,
    closedAt: null,
    createdSecond: Math.max(Math.floor(now / 1000), ...parents.map((parent) => seconds.get(parent)! + 1)),
  }))
}

/**
 * The next step from these open shards to `target` shards of equal size. Splits the shards at the bounds of
 * the target first, then merges pairs of the shards between two bounds. Empty when the target is reached.
 */
export function stepTowards(open: readonly Shard[], target: number): Child[] {
  const shards = [...open].sort(byStart)
  const starts = shards.map(startOf)
  const bounds = boundsOf(starts, target)
  const splits = groupByBound(bounds, (bound) => bound, starts).flatMap((found, i) => {
    const inside = found.filter((bound) => bound > starts[i])
    return inside.length === 0 ? [] : splitOf(shards[i], inside[inside.length >> 1])
  })
  if (splits.length > 0) return splits
  return groupByBound(shards, startOf, bounds).flatMap((within) => {
    const merges: Child[] = []
    for (let i = 0; i + 1 < within.length; i += 2) merges.push(...mergeOf(within[i], within[i + 1]))
    return merges
  })
}

/**
 * Groups the items by the last bound at or below them. Items and bounds are sorted, and no item is below the
 * first bound.
 */
function groupByBound<T>(
  items: readonly T[],
  placeOf: (item: T) => bigint,
  bounds: readonly bigint[],
): T[][] {
  let at = 0
  return bounds.map((_, b) => {
    const first = at
    while (at < items.length && (b + 1 === bounds.length || placeOf(items[at]) < bounds[b + 1])) at++
    return items.slice(first, at)
  })
}

/**
 * The starts of `target` shards of equal size. A start that already exists, within rounding, stays: each
 * target rounds the size of its shards, so the same bound differs by a few hash keys between targets, and
 * moving it would cut off a shard of those few keys.
 * @param starts the open shards' starts, sorted
 */
function boundsOf(starts: readonly bigint[], target: number): bigint[] {
  const distance = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b)
  let nearest = 0
  return uniformStarts(target).map((wanted) => {
    const off = (i: number): bigint => distance(starts[i], wanted)
    while (nearest + 1 < starts.length && off(nearest + 1) <= off(nearest)) nearest++
    return off(nearest) <= SAME_BOUND_DISTANCE ? starts[nearest] : wanted
  })
}
