/** Splits, merges and changes of the number of shards, as plain steps from one state of a stream to the next. */
import { byStart, endOf, startOf, uniformRanges, type HashRange } from './hash-range.ts'
import { closingShards, openShards, shardId, type Child, type Shard, type Stream } from './stream.ts'

/** A partition that belonged to a shard is given to another one only when every replica has long seen that the first is closed (ms). */
export const PARTITION_REST = 60_000

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
  let used = 0
  for (const { partition, closedAt } of stream.shards) {
    used = Math.max(used, partition + 1)
    if (closedAt === null || closedAt + PARTITION_REST > now) taken.add(partition)
  }
  const free = (): number => {
    let partition = 0
    while (taken.has(partition)) partition++
    taken.add(partition)
    return partition
  }
  return stream.resharding!.children.map((child, i) => ({
    start: child.start, end: child.end, parents: child.parents, id: shardId(stream.nextShard + i), partition: free(),
    createdSecond: Math.max(Math.floor(now / 1000), ...stream.shards.filter(({ id }) => child.parents.includes(id)).map((parent) => parent.createdSecond + 1)), to: null, createdAt: now, closedAt: null,
  }))
}

/**
 * The next step from these open shards to `target` shards of equal size: first every shard that reaches over a border of the target is split there, then what
 * lies within one range of the target is merged, two by two. Empty when it is reached.
 */
export function stepTowards(open: readonly Shard[], target: number): Child[] {
  const ranges = uniformRanges(target)
  const shards = [...open].sort(byStart)
  const splits = shards.flatMap((shard) => {
    const borders = ranges.map(startOf).filter((border) => border > startOf(shard) && border <= endOf(shard))
    return borders.length === 0 ? [] : splitOf(shard, borders[borders.length >> 1])
  })
  if (splits.length > 0) return splits
  return ranges.flatMap((range) => {
    const within = shards.filter((shard) => inside(shard, range))
    const merges: Child[] = []
    for (let i = 0; i + 1 < within.length; i += 2) merges.push(...mergeOf(within[i], within[i + 1]))
    return merges
  })
}

const inside = (shard: HashRange, range: HashRange): boolean => startOf(shard) >= startOf(range) && endOf(shard) <= endOf(range)
