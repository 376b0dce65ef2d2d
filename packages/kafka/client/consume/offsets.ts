/** Offsets to begin at: the committed offsets of a group, and the first and last offsets of partitions. */

import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import { backoff } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { GROUP } from '../protocol/cluster.ts'
import {
  brokerError,
  isTransient,
  isWrongCoordinator,
  OK,
  UNKNOWN_TOPIC_OR_PARTITION,
  UNSTABLE_OFFSET_COMMIT,
} from '../protocol/codes.ts'
import {
  type CommittedResult,
  EARLIEST,
  LATEST,
  listOffsets,
  offsetFetch,
  READ_COMMITTED,
} from '../protocol/offsets.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { whenStable } from '../stable-offset.ts'
import type { Committed } from '../topic-ids.ts'

interface Question extends TopicPartition {
  readonly resolve: (answer: CommittedResult) => void
  readonly reject: (error: unknown) => void
}

/** Reads a group's committed offsets. Calls in one turn of the event loop share one request. */
export class CommittedOffsets {
  readonly #cluster: Cluster
  readonly #groupId: string
  #questions: Question[] = []

  constructor(cluster: Cluster, groupId: string) {
    this.#cluster = cluster
    this.#groupId = groupId
  }

  /**
   * Waits while a transaction over the offset is open. Retries until the signal aborts, then throws
   * `stopped`.
   * @param hangs called if that transaction stays open for longer than it can in a healthy cluster
   */
  read(
    at: TopicPartition,
    signal: AbortSignal,
    hangs: () => Promise<void> = async () => {},
  ): Promise<Committed> {
    return whenStable(() => this.#answer(at, signal), hangs)
  }

  async #answer(at: TopicPartition, signal: AbortSignal): Promise<CommittedResult> {
    const what = `Reading the committed offset of ${at.topic}/${at.partition}`
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const answer = await this.#ask(at)
        if (answer.errorCode === OK || answer.errorCode === UNSTABLE_OFFSET_COMMIT) return answer
        if (!isTransient(answer.errorCode)) throw brokerError(answer.errorCode, what)
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable) throw error
        this.#cluster.forgetCoordinator(GROUP, this.#groupId)
      }
      await pause(backoff(attempt, 50, 1000), signal)
    }
    throw new KafkaError('stopped', what)
  }

  #ask({ topic, partition }: TopicPartition): Promise<CommittedResult> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ topic, partition, resolve, reject })
      if (this.#questions.length === 1) setImmediate(() => void this.#send())
    })
  }

  async #send(): Promise<void> {
    const questions = this.#questions
    this.#questions = []
    try {
      const coordinator = await this.#cluster.coordinator(GROUP, this.#groupId)
      const { errorCode, partitions } = await this.#cluster.call(
        coordinator,
        'offsets',
        offsetFetch,
        this.#groupId,
        questions,
      )
      if (isWrongCoordinator(errorCode)) this.#cluster.forgetCoordinator(GROUP, this.#groupId)
      const answers = new Map(partitions.map((answer) => [`${answer.topic}/${answer.partition}`, answer]))
      for (const { topic, partition, resolve } of questions) {
        const answer = errorCode === OK ? answers.get(`${topic}/${partition}`) : undefined
        const refusal = errorCode === OK ? UNKNOWN_TOPIC_OR_PARTITION : errorCode
        resolve(answer ?? { topic, partition, errorCode: refusal, offset: -1, topicId: undefined })
      }
    } catch (error) {
      for (const { reject } of questions) reject(error)
    }
  }
}

/**
 * Returns the offsets at a time (milliseconds, EARLIEST or LATEST), as given by each partition's leader.
 * Retries until the signal aborts, then throws `stopped`.
 */
export async function offsetsAt<T extends TopicPartition>(
  cluster: Cluster,
  partitions: readonly T[],
  time: number,
  signal: AbortSignal,
  isolation = READ_COMMITTED,
): Promise<Map<T, number>> {
  const found = new Map<T, number>()
  for (let attempt = 0; ; attempt++) {
    const missing = partitions.filter((partition) => !found.has(partition))
    if (missing.length === 0) return found
    if (signal.aborted) throw new KafkaError('stopped', 'Looking for offsets')
    if (attempt > 0) {
      await pause(backoff(attempt, 50, 1000), signal)
      await cluster.refresh(...new Set(missing.map(({ topic }) => topic)))
    }
    const byLeader = Map.groupBy(missing, ({ topic, partition }) => cluster.leader(topic, partition))
    await Promise.all(
      [...byLeader].map(async ([leader, items]) => {
        if (leader === undefined) return
        const questions = items.map(({ topic, partition }) => ({ topic, partition, leaderEpoch: -1, time }))
        const answers = await cluster
          .call(leader, 'offsets', listOffsets, questions, isolation)
          .catch((error: unknown) => {
            if (error instanceof KafkaError && error.retriable) return []
            throw error
          })
        for (const { topic, partition, errorCode, offset } of answers) {
          if (errorCode === OK)
            found.set(items.find((item) => item.topic === topic && item.partition === partition)!, offset)
          else if (!isTransient(errorCode))
            throw brokerError(errorCode, `Looking for offsets of ${topic}/${partition}`)
        }
      }),
    )
  }
}

export async function offsetAtPlace(
  cluster: Cluster,
  { topic, partition }: TopicPartition,
  place: 'earliest' | 'latest',
  signal: AbortSignal,
): Promise<number> {
  const question = { topic, partition }
  return (await offsetsAt(cluster, [question], place === 'earliest' ? EARLIEST : LATEST, signal)).get(
    question,
  )!
}
