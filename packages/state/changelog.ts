/** Reads the changelog of a partition's states. */
import type { Kafka, RecordBatch } from '@weir/kafka'
import { backoffMs, pause } from '@weir/timing'

export interface ChangelogPlace {
  readonly topic: string
  readonly partition: number
}

export interface ChangelogRange {
  readonly from: number
  readonly end: number
}

const FETCH_BYTES = 4 << 20
/** Transactions of a process that died are aborted after 15 s. */
const MAX_WAIT_MS = 20_000
const MIN_PAUSE_MS = 2
const MAX_PAUSE_MS = 100

/**
 * Hands over all records from the offset on that were written before the call, those included whose transaction had
 * not ended yet and is committed. Resolves to the offset behind them. Rejects if a transaction does not end, when the
 * signal aborts, and with `out-of-range` if the log does not have the offset.
 */
export async function readChangelog(
  kafka: Pick<Kafka, 'fetch' | 'admin'>,
  place: ChangelogPlace,
  from: number,
  accept: (batch: RecordBatch) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const ends = await kafka.admin.offsets(place.topic)
  const end = ends.find((one) => one.partition === place.partition)?.latest ?? 0
  return readRange(kafka, place, { from, end }, accept, signal)
}

/**
 * Hands over the committed records of the range, and waits for transactions in it. Resolves to the offset behind them,
 * and rejects as readChangelog() does.
 */
export async function readRange(
  kafka: Pick<Kafka, 'fetch'>,
  { topic, partition }: ChangelogPlace,
  { from, end }: ChangelogRange,
  accept: (batch: RecordBatch) => Promise<void> | void,
  signal: AbortSignal,
): Promise<number> {
  let position = from
  let [standing, retry] = [performance.now(), 0]
  while (position < end) {
    signal.throwIfAborted()
    const batch = await kafka.fetch(topic, partition, position, FETCH_BYTES)
    if (batch.length > 0) await accept(batch)
    if (batch.nextOffset > position) {
      position = batch.nextOffset
      ;[standing, retry] = [performance.now(), 0]
      continue
    }
    if (performance.now() - standing > MAX_WAIT_MS)
      throw new Error(`A transaction in ${topic}/${partition} has not ended for ${MAX_WAIT_MS / 1000} s.`)
    await pause(backoffMs(retry++, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
  }
  return position
}
