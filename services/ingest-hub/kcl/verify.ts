/** Checks the guarantees of the Kinesis Client Library about records, using its workers' journals. */
import type { Shard } from '@aws-sdk/client-kinesis'
import type { Entry } from './journal.ts'

export interface Findings {
  /** Distinct records. */
  readonly records: number
  /** Records that were read more than once, counted for each repetition. */
  readonly repeats: number
  /** How often a processor began on a shard on which another had begun before: each may repeat a batch. */
  readonly restarts: number
  /** The first 20 problems, as sentences. */
  readonly problems: readonly string[]
}

/** @param entries the entries of all workers */
export function verify(entries: readonly Entry[], shards: readonly Shard[]): Findings {
  const inOrder = entries.toSorted((a, b) => (a.time < b.time ? -1 : 1))
  const problems = [
    ...ordersOfKeys(inOrder),
    ...ordersWithinReadings(inOrder),
    ...childrenBeforeParents(inOrder, shards),
  ].slice(0, 20)
  const records = new Set(inOrder.flatMap(({ kind, text }) => (kind === 'record' ? [text] : [])))
  const begun = inOrder.filter(({ kind }) => kind === 'begins').map(({ shard }) => shard)
  return {
    records: records.size,
    repeats: inOrder.filter(({ kind }) => kind === 'record').length - records.size,
    restarts: begun.length - new Set(begun).size,
    problems,
  }
}

/** A record that is read for the first time must have the next number of its key. */
function* ordersOfKeys(entries: readonly Entry[]): Generator<string> {
  const next = new Map<string, number>()
  for (const { kind, text, shard, worker } of entries) {
    if (kind !== 'record') continue
    const [key, number] = [text.slice(0, text.indexOf(':')), Number(text.slice(text.indexOf(':') + 1))]
    const expected = next.get(key) ?? 0
    if (number > expected)
      yield `${worker} read ${text} in ${shard} while ${key}:${expected} had not been read.`
    next.set(key, Math.max(expected, number + 1))
  }
}

/**
 * From its beginning to its end, a processor sees a shard's records once and in order. Repeats can therefore
 * only follow a checkpoint.
 */
function* ordersWithinReadings(entries: readonly Entry[]): Generator<string> {
  const last = new Map<string, bigint>()
  for (const { kind, worker, shard, sequence } of entries) {
    const reading = `${worker} ${shard}`
    if (kind === 'begins') last.delete(reading)
    if (kind !== 'record') continue
    const now = BigInt(sequence)
    if (now <= (last.get(reading) ?? -1n))
      yield `${worker} read ${sequence} of ${shard} after ${last.get(reading)}.`
    last.set(reading, now)
  }
}

function* childrenBeforeParents(entries: readonly Entry[], shards: readonly Shard[]): Generator<string> {
  const first = (kind: Entry['kind'], shard: string): Entry | undefined =>
    entries.find((entry) => entry.kind === kind && entry.shard === shard)
  for (const { ShardId: child = '', ParentShardId, AdjacentParentShardId } of shards) {
    const begun = first('begins', child)
    if (begun === undefined) yield `No worker read ${child}.`
    for (const parent of [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined)) {
      const ended = first('ended', parent)
      if (begun === undefined || (ended !== undefined && ended.time < begun.time)) continue
      yield `${begun.worker} started ${child} before its parent ${parent} was read to its end.`
    }
  }
}
