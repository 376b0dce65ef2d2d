/** Dead letters: what lies in the dead-letter topics, and which of it was sent back already. */
import { type Reader, Undecodable } from '@weir/codec'
import { type DeadLetter, type TopicName, topics, type ValueOf } from '@weir/contracts'
import { headerOf, type Kafka, type RecordBatch } from '@weir/kafka'
import { solutions } from '@weir/solutions'
import { UsageError } from '../command.ts'
import { hint } from '../nearest.ts'

const ENVELOPE = 'weir/dead-letter'

/**
 * Beside each letter that was sent back lies a mark in the same partition: a record without value whose
 * header says the letter's offset. So every redrive, from any machine, knows them, and marks expire no sooner
 * than their letters.
 */
export const MARK_HEADER = 'weir-redriven-offset'

export type DeadLetterTopic = { [T in TopicName]: ValueOf[T] extends DeadLetter ? T : never }[TopicName]

/** The dead-letter topics of the contracts. */
export const deadLetterTopics = (): DeadLetterTopic[] =>
  (Object.keys(topics) as TopicName[]).filter(
    (name): name is DeadLetterTopic => topics[name].value === ENVELOPE,
  )

/** By its name, or by the topic whose records die there. */
export function deadLetterTopic(name: string | undefined): DeadLetterTopic {
  const known = deadLetterTopics()
  const found = known.find((topic) => topic === name || topic === `${name}.dead`)
  if (found) return found
  if (name === undefined) throw new UsageError(`Which dead-letter topic? There are ${known.join(', ')}.`)
  throw new UsageError(`${name} is no dead-letter topic.${hint(name, known)} There are ${known.join(', ')}.`)
}

/**
 * The topics whose records die there: those that the topic's flows and sinks read. Letters go back to these
 * only: a letter says itself where it came from, and on a broker without logins anybody can write one.
 */
export function originsOf(topic: DeadLetterTopic): ReadonlySet<string> {
  const readers = solutions.flatMap(({ flows, indices }) => [...flows, ...indices])
  return new Set(readers.filter(({ deadLetter }) => deadLetter === topic).map(({ source }) => source))
}

/** What a dead-letter topic holds at one moment. */
export interface Holding {
  readonly topic: DeadLetterTopic
  /** By partition, the offsets of letters that were sent back. */
  readonly redriven: ReadonlyMap<number, ReadonlySet<number>>
  /** By partition, the position after the last record seen. */
  readonly ends: ReadonlyMap<number, number>
}

/**
 * Calls `see` for every letter from the beginning to the end as it is now, batch by batch; `index` is its
 * place in the batch.
 */
export async function eachLetter(
  kafka: Kafka,
  topic: DeadLetterTopic,
  see: (batch: RecordBatch, index: number) => void | Promise<void>,
): Promise<Holding> {
  const redriven = new Map<number, Set<number>>()
  const ends = new Map<number, number>()
  let failure: unknown
  // Partitions are read side by side; letters are seen one at a time.
  let turn = Promise.resolve()
  const handle = async (batch: RecordBatch): Promise<void> => {
    for (let i = 0; i < batch.length; i++) {
      if (batch.valueStart[i] >= 0) {
        const seen = see(batch, i)
        if (seen) await seen
        continue
      }
      const mark = headerOf(batch, i, MARK_HEADER)
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

/** Undefined for what is no letter: anybody may have written it. The batch must have been prepared. */
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
