/** Dead letters: the records in the dead-letter topics, and which of them were already sent back. */
import { type Reader, Undecodable } from '@weir/codec'
import { DEAD_LETTER, type DeadLetter, type DeadLetterTopic, HEADERS, type TopicName } from '@weir/contracts'
import { headerOf, type Kafka, type RecordBatch } from '@weir/kafka'
import { solutions, topics } from '@weir/solutions'
import { UsageError } from '../command.ts'
import { hint } from '../nearest.ts'

/** The dead-letter topics of the contracts. */
export const deadLetterTopics = (): DeadLetterTopic[] =>
  (Object.keys(topics) as TopicName[]).filter(
    (name): name is DeadLetterTopic => topics[name].value === DEAD_LETTER,
  )

/** Finds a dead-letter topic by its own name, or by the topic whose records end in it. */
export function deadLetterTopic(name: string | undefined): DeadLetterTopic {
  const known = deadLetterTopics()
  const found = known.find((topic) => topic === name || topic === `${name}.dead`)
  if (found) return found
  if (name === undefined) throw new UsageError(`Which dead-letter topic? There are ${known.join(', ')}.`)
  throw new UsageError(`${name} is no dead-letter topic.${hint(name, known)} There are ${known.join(', ')}.`)
}

/**
 * The topics whose failed records end in a dead-letter topic: the sources of the flows and sinks that use it.
 * Dead letters go back only to these. A dead letter names its own origin, and on a broker without logins
 * anybody can write one.
 */
export function originsOf(topic: DeadLetterTopic): ReadonlySet<string> {
  const readers = solutions.flatMap(({ flows = [], sinks = [] }) => [...flows, ...sinks])
  return new Set(readers.filter(({ deadLetter }) => deadLetter === topic).map(({ source }) => source))
}

/** The state of a dead-letter topic at one moment. */
export interface Holding {
  readonly topic: DeadLetterTopic
  /** Per partition, the offsets of the dead letters that were sent back. */
  readonly redriven: ReadonlyMap<number, ReadonlySet<number>>
  /** Per partition, the offset after the last record seen. */
  readonly ends: ReadonlyMap<number, number>
}

/**
 * Calls `see` for every dead letter from the beginning to the current end, batch by batch; `index` is its
 * index in the batch.
 */
export async function eachLetter(
  kafka: Kafka,
  topic: DeadLetterTopic,
  see: (batch: RecordBatch, index: number) => void | Promise<void>,
): Promise<Holding> {
  const redriven = new Map<number, Set<number>>()
  const ends = new Map<number, number>()
  let failure: unknown
  // Partitions are read in parallel; dead letters are passed to `see` one at a time.
  let turn = Promise.resolve()
  const handle = async (batch: RecordBatch): Promise<void> => {
    for (let i = 0; i < batch.length; i++) {
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
  const reading = await kafka.read(
    { topics: [topic], from: 'earliest', until: 'end' },
    (batch) =>
      (turn = turn
        .then(() => (failure === undefined ? handle(batch) : undefined))
        .catch((error) => {
          failure = error
        })),
  )
  await reading.done
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
