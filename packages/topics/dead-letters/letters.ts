/** Dead letters: the records in the dead-letter topics, and which of them were already sent back. */
import { type Reader, Undecodable } from '@weir/codec'
import { type DeadLetter, type DeadLetterTopic, HEADERS } from '@weir/contracts'
import { headerOf, type Kafka, type ReadOptions, type RecordBatch } from '@weir/kafka'

/** The state of a dead-letter topic at one moment. */
export interface Holding {
  readonly topic: DeadLetterTopic
  /** Per partition, the offsets of the dead letters that were sent back. */
  readonly redriven: ReadonlyMap<number, ReadonlySet<number>>
  /** Per partition, the offset after the last record seen. */
  readonly ends: ReadonlyMap<number, number>
}

export interface LettersOptions {
  /** Where reading begins; at the beginning of the topic if not given. */
  readonly from?: ReadOptions['from']
  /** Ends the reading early: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * Calls `see` for every dead letter up to the current end, batch by batch; `index` is its index in the batch.
 */
export async function eachLetter(
  kafka: Pick<Kafka, 'read'>,
  topic: DeadLetterTopic,
  see: (batch: RecordBatch, index: number) => void | Promise<void>,
  { from = 'earliest', signal }: LettersOptions = {},
): Promise<Holding> {
  const redriven = new Map<number, Set<number>>()
  const ends = new Map<number, number>()
  let failure: unknown
  // Partitions are read in parallel; dead letters are passed to `see` one at a time.
  let turn = Promise.resolve()
  const handle = async (batch: RecordBatch): Promise<void> => {
    for (let i = 0; i < batch.length; i++) {
      signal?.throwIfAborted()
      if (batch.valueStart[i] >= 0) {
        const seen = see(batch, i)
        if (seen) await seen
        continue
      }
      const mark = headerOf(batch, i, HEADERS.redrivenOffset)
      if (mark) setOf(redriven, batch.partition).add(Number(mark.toString('latin1')))
    }
    ends.set(batch.partition, batch.nextOffset)
  }
  signal?.throwIfAborted()
  const reading = await kafka.read(
    { topics: [topic], from, until: 'end' },
    (batch) =>
      (turn = turn
        .then(() => (failure === undefined ? handle(batch) : undefined))
        .catch((error) => {
          failure = error
        })),
  )
  const stop = (): void => void reading.stop()
  signal?.addEventListener('abort', stop)
  await reading.done.finally(() => signal?.removeEventListener('abort', stop))
  signal?.throwIfAborted()
  if (failure !== undefined) throw failure
  return { topic, redriven, ends }
}

/**
 * Returns undefined for a record that is not a dead letter: anybody may have written it. The batch must have
 * been prepared.
 */
export function letterOf(
  reader: Reader<DeadLetter>,
  batch: RecordBatch,
  index: number,
): DeadLetter | undefined {
  try {
    return reader.decode(batch.bytes, batch.valueStart[index], batch.valueEnd[index])
  } catch (error) {
    if (error instanceof Undecodable) return undefined
    throw error
  }
}

export const wasRedriven = ({ redriven }: Holding, partition: number, offset: number): boolean =>
  redriven.get(partition)?.has(offset) === true

function setOf(sets: Map<number, Set<number>>, partition: number): Set<number> {
  let set = sets.get(partition)
  if (!set) sets.set(partition, (set = new Set()))
  return set
}
