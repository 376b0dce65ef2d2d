/**
 * Looks at states from outside of the tasks that own them: reads from the changelog what is committed. Any process may,
 * and no task notices.
 */
import { type Kafka, partitionOfKey, type RecordBatch } from '@weir/kafka'
import { type ChangelogPlace, readRange } from '../changelog.ts'
import { MAX_KEY_BYTES } from '../disk.ts'

type Broker = Pick<Kafka, 'fetch' | 'offsetAt' | 'partitions'>

export interface FoundState {
  readonly place: ChangelogPlace
  /** undefined: the key has no state. */
  readonly value: Buffer | undefined
  /** When the key's last record was written (ms since the epoch). */
  readonly changedAt: number
  /** The changelog is read up to here. */
  readonly position: number
}

/** Finds the state of a key. Only its partition is read, and nothing but its last record is kept. */
export async function findState(
  kafka: Broker,
  topic: string,
  key: Buffer,
  signal: AbortSignal,
): Promise<FoundState> {
  const partition = partitionOfKey(key, await kafka.partitions(topic))
  const place = { topic, partition }
  let [value, changedAt]: [Buffer | undefined, number] = [undefined, 0]
  const position = await readAll(kafka, place, signal, (batch) => {
    const i = lastOf(batch, key)
    if (i < 0) return
    value = batch.valueStart[i] < 0 ? undefined : copy(batch, batch.valueStart[i], batch.valueEnd[i])
    changedAt = batch.timestamps[i]
  })
  return { place, value, changedAt, position }
}

/** Reads on from a position. Resolves to where it ended, and whether the state was removed on the way. */
export async function watchRemoval(
  kafka: Broker,
  { topic, partition }: ChangelogPlace,
  key: Buffer,
  from: number,
  signal: AbortSignal,
): Promise<{ readonly position: number; readonly isRemoved: boolean }> {
  let isRemoved = false
  const end = await kafka.offsetAt(topic, partition, 'latest')
  const accept = (batch: RecordBatch): void => {
    for (let i = 0; i < batch.length; i++) isRemoved ||= batch.valueStart[i] < 0 && isAt(batch, i, key)
  }
  const position = await readRange(kafka, { topic, partition }, { from, end }, accept, signal)
  return { position, isRemoved }
}

export interface ListedState {
  readonly key: Buffer
  readonly partition: number
  /** Bytes of the value. */
  readonly bytes: number
  readonly changedAt: number
}

export interface ListedStates {
  /** In the order of their keys. */
  readonly states: readonly ListedState[]
  /** Whether there may be more than the limit. */
  readonly more: boolean
}

export interface ListOptions {
  /** The bytes that the keys begin with. */
  readonly prefix: Buffer
  readonly limit: number
}

/** A partition has too many keys to list them. */
export class TooManyToList extends Error {
  override readonly name = 'TooManyToList'
}

/** What the keys of one partition may take while they are listed. */
const MAX_LISTING_BYTES = 64 << 20
/** What an entry takes besides its key, about. */
const ENTRY_BYTES = 200

/**
 * Lists keys with a state, one partition after the other until there are enough. Throws TooManyToList.
 */
export async function listStates(
  kafka: Broker,
  topic: string,
  { prefix, limit }: ListOptions,
  signal: AbortSignal,
): Promise<ListedStates> {
  const found: ListedState[] = []
  const partitions = await kafka.partitions(topic)
  let partition = 0
  for (; partition < partitions && found.length <= limit; partition++)
    found.push(...(await keysOf(kafka, { topic, partition }, prefix, signal)).slice(0, limit + 1))
  const states = found.slice(0, limit).sort((a, b) => a.key.compare(b.key))
  return { states, more: found.length > limit }
}

async function keysOf(
  kafka: Broker,
  place: ChangelogPlace,
  prefix: Buffer,
  signal: AbortSignal,
): Promise<ListedState[]> {
  const keys = new Map<string, Omit<ListedState, 'key'>>()
  let used = 0
  await readAll(kafka, place, signal, (batch) => {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamps } = batch
    for (let i = 0; i < batch.length; i++) {
      const length = keyEnd[i] - keyStart[i]
      // The empty key is the partition's own.
      if (keyStart[i] < 0 || length === 0 || length > MAX_KEY_BYTES || length < prefix.length) continue
      if (bytes.compare(prefix, 0, prefix.length, keyStart[i], keyStart[i] + prefix.length) !== 0) continue
      const key = bytes.toString('latin1', keyStart[i], keyEnd[i])
      const isKnown = keys.delete(key)
      if (valueStart[i] < 0) {
        if (isKnown) used -= ENTRY_BYTES + length
        continue
      }
      if (!isKnown) used += ENTRY_BYTES + length
      if (used > MAX_LISTING_BYTES)
        throw new TooManyToList(
          `Partition ${place.partition} of ${place.topic} has too many keys to list them; ask for those with a longer prefix.`,
        )
      keys.set(key, {
        partition: place.partition,
        bytes: valueEnd[i] - valueStart[i],
        changedAt: timestamps[i],
      })
    }
  })
  return [...keys]
    .map(([key, state]) => ({ key: Buffer.from(key, 'latin1'), ...state }))
    .sort((a, b) => a.key.compare(b.key))
}

/** Reads all that is committed now. Resolves to the offset behind it. */
async function readAll(
  kafka: Broker,
  place: ChangelogPlace,
  signal: AbortSignal,
  accept: (batch: RecordBatch) => void,
): Promise<number> {
  const { topic, partition } = place
  const [from, end] = await Promise.all([
    kafka.offsetAt(topic, partition, 'earliest'),
    kafka.offsetAt(topic, partition, 'latest'),
  ])
  return readRange(kafka, place, { from, end }, accept, signal)
}

function lastOf(batch: RecordBatch, key: Buffer): number {
  for (let i = batch.length - 1; i >= 0; i--) if (isAt(batch, i, key)) return i
  return -1
}

const isAt = ({ bytes, keyStart, keyEnd }: RecordBatch, i: number, key: Buffer): boolean =>
  keyStart[i] >= 0 &&
  keyEnd[i] - keyStart[i] === key.length &&
  bytes.compare(key, 0, key.length, keyStart[i], keyEnd[i]) === 0

const copy = ({ bytes }: RecordBatch, start: number, end: number): Buffer =>
  Buffer.from(bytes.subarray(start, end))
