/** Counts dead letters by flow, step and code. A topic is read again when it has changed. */
import type { DeadLetterTopic } from '@weir/contracts'
import { type Kafka, KafkaError, type PartitionOffsets, type ReadOptions } from '@weir/kafka'
import { countLetters, type LetterCount } from '@weir/topics/dead-letters/index.ts'

export interface LetterCounts {
  /** The newest causes first. */
  readonly counts: readonly LetterCount[]
  /** Whether some causes or older letters are left out. */
  readonly more: boolean
}

/** The most records of a topic that are read: its newest. `weir dlq` reads all. */
const MAX_READ = 100_000
const MAX_CAUSES = 200
/** Names are cut to this length. Weir's own are shorter. */
const MAX_NAME = 200

/** After a reading, the topic rests this many times as long as the reading took: large topics are read less often. */
const REST = 5

interface Counted {
  /** The offsets at which the topic began and ended. */
  readonly span: string
  readonly counts: readonly LetterCount[]
  readonly cut: boolean
  /** When the topic may be read again, by performance.now(). */
  readonly restsUntil: number
}

const NONE: Counted = { span: '', counts: [], cut: false, restsUntil: 0 }

export class LetterBoard {
  readonly #kafka: Kafka
  readonly #topics: readonly DeadLetterTopic[]
  readonly #counted = new Map<DeadLetterTopic, Counted>()

  constructor(kafka: Kafka, topics: readonly DeadLetterTopic[]) {
    this.#kafka = kafka
    this.#topics = topics
  }

  async read(signal: AbortSignal): Promise<LetterCounts> {
    const all: LetterCount[] = []
    let more = false
    for (const topic of this.#topics) {
      const { counts, cut } = await this.#count(topic, signal)
      all.push(...counts)
      more ||= cut
    }
    all.sort((a, b) => b.newest - a.newest)
    return { counts: all.slice(0, MAX_CAUSES).map(shortened), more: more || all.length > MAX_CAUSES }
  }

  async #count(topic: DeadLetterTopic, signal: AbortSignal): Promise<Counted> {
    const before = this.#counted.get(topic)
    if (before !== undefined && performance.now() < before.restsUntil) return before
    const offsets = await this.#offsets(topic)
    if (offsets.length === 0) return NONE
    const span = JSON.stringify(offsets)
    if (before?.span === span) return before
    const { from, cut } = newestOf(topic, offsets)
    const begunAt = performance.now()
    const counts = await countLetters(this.#kafka, topic, { from, signal })
    const now = performance.now()
    const counted = { span, counts, cut, restsUntil: now + REST * (now - begunAt) }
    this.#counted.set(topic, counted)
    return counted
  }

  /** Empty for a topic that does not exist yet. */
  async #offsets(topic: DeadLetterTopic): Promise<PartitionOffsets[]> {
    try {
      return await this.#kafka.admin.offsets(topic)
    } catch (error) {
      if (error instanceof KafkaError && error.code === 'unknown-topic') return []
      throw error
    }
  }
}

/** Returns the offsets at which the newest records of a topic begin. */
export function newestOf(
  topic: DeadLetterTopic,
  offsets: readonly PartitionOffsets[],
): { from: NonNullable<ReadOptions['from']>; cut: boolean } {
  const each = Math.ceil(MAX_READ / Math.max(1, offsets.length))
  const starts: number[] = []
  let cut = false
  for (const { partition, earliest, latest } of offsets) {
    starts[partition] = Math.max(earliest, latest - each)
    cut ||= starts[partition] > earliest
  }
  return { from: { offsets: new Map([[topic, starts]]) }, cut }
}

const shortened = (count: LetterCount): LetterCount => ({
  ...count,
  flow: count.flow.slice(0, MAX_NAME),
  step: count.step.slice(0, MAX_NAME),
  code: count.code.slice(0, MAX_NAME),
})
