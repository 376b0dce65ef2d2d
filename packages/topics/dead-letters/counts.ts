/** Counts of dead letters by cause. */
import { type DeadLetterTopic, HEADERS } from '@weir/contracts'
import { headerOf, type Kafka } from '@weir/kafka'
import { eachLetter, type LettersOptions, wasRedriven } from './letters.ts'

export interface LetterCount {
  readonly topic: string
  readonly flow: string
  readonly step: string
  readonly code: string
  letters: number
  /** Number of these dead letters that were sent back. */
  redriven: number
  /** Arrival time of the newest, ms since the epoch. */
  newest: number
}

export async function countLetters(
  kafka: Pick<Kafka, 'read'>,
  topic: DeadLetterTopic,
  options?: LettersOptions,
): Promise<LetterCount[]> {
  const counts = new Map<string, LetterCount>()
  const places: { readonly count: LetterCount; readonly partition: number; readonly offset: number }[] = []
  const holding = await eachLetter(
    kafka,
    topic,
    (batch, index) => {
      const [flow, step, code] = [HEADERS.deadFlow, HEADERS.deadStep, HEADERS.deadCode].map(
        (name) => headerOf(batch, index, name)?.toString('utf8') ?? '?',
      )
      const key = JSON.stringify([flow, step, code])
      let count = counts.get(key)
      if (!count) counts.set(key, (count = { topic, flow, step, code, letters: 0, redriven: 0, newest: 0 }))
      count.letters++
      count.newest = Math.max(count.newest, batch.timestamps[index])
      places.push({ count, partition: batch.partition, offset: batch.offsets[index] })
    },
    options,
  )
  for (const { count, partition, offset } of places)
    if (wasRedriven(holding, partition, offset)) count.redriven++
  return [...counts.values()].sort((a, b) => b.newest - a.newest)
}
