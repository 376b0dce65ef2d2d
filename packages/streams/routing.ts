/** Which open shard a record belongs to, by its hash key. */
import { hash } from 'node:crypto'
import { partitionFor } from '@weir/kafka'
import { startOf } from './hash-range.ts'
import { closingShards, openShards, type Shard, type Stream } from './stream.ts'

/** A hash key has 128 bits: four words, the most significant first. */
const WORDS = 4
/** The number of keys per stream whose shards are cached: some MB. */
const MAX_REMEMBERED = 20_000

export interface Routing {
  /** The open shards in the order of their hash keys. */
  readonly shards: readonly Shard[]
  /** For each shard, whether it takes no more records. */
  readonly closing: readonly boolean[]
  /** The index in `shards` for a partition key. */
  ofKey(partitionKey: string): number
  /** The same for an explicit hash key, 0 to 2^128 - 1. */
  ofHashKey(hashKey: bigint): number
}

export function routingOf(stream: Stream): Routing {
  const shards = openShards(stream)
  const closing = closingShards(stream)
  const starts = new Uint32Array(shards.length * WORDS)
  shards.forEach((shard, i) => starts.set(wordsOf(startOf(shard)), i * WORDS))

  /** The last shard whose range begins at or below the key. */
  const find = (w0: number, w1: number, w2: number, w3: number): number => {
    let low = 0
    let high = shards.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const at = middle * WORDS
      const below = starts[at] - w0 || starts[at + 1] - w1 || starts[at + 2] - w2 || starts[at + 3] - w3
      if (below <= 0) low = middle
      else high = middle - 1
    }
    return low
  }

  const byHash = (partitionKey: string): number => {
    if (shards.length === 1) return 0
    const digest = hash('md5', partitionKey, 'buffer')
    return find(
      digest.readUInt32BE(0),
      digest.readUInt32BE(4),
      digest.readUInt32BE(8),
      digest.readUInt32BE(12),
    )
  }

  /**
   * Routes as Kafka's own producers do, so that a key's records are in one partition whichever client wrote
   * them.
   */
  const byMurmur = (partitionKey: string): number => {
    const bytes = Buffer.from(partitionKey)
    const partition = partitionFor(bytes, 0, bytes.length, shards.length)
    return shards.findIndex((shard) => shard.partition === partition)
  }

  /**
   * Caches the shard of each key: devices and customers recur, and a result is valid as long as these shards
   * are.
   */
  const found = new Map<string, number>()
  const remembering =
    (find: (partitionKey: string) => number) =>
    (partitionKey: string): number => {
      let index = found.get(partitionKey)
      if (index !== undefined) return index
      index = find(partitionKey)
      if (found.size === MAX_REMEMBERED) found.clear()
      found.set(partitionKey, index)
      return index
    }

  return {
    shards,
    closing: shards.map(({ id }) => closing.has(id)),
    ofKey: remembering(stream.external ? byMurmur : byHash),
    ofHashKey: (hashKey) => find(...wordsOf(hashKey)),
  }
}

function wordsOf(key: bigint): [number, number, number, number] {
  const word = (shift: bigint): number => Number((key >> shift) & 0xffffffffn)
  return [word(96n), word(64n), word(32n), word(0n)]
}
