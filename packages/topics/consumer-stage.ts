/**
 * A stage of a pipeline, which consumes a topic: a flow, a sink, or a service's own. It counts records and their
 * latencies, writes dead letters, pauses when too many records are dead, and reports its consumer group.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import type { DeadLetterTopic } from '@weir/contracts'
import { MAX_DEAD_LETTER_BATCH_BYTES } from '@weir/contracts/topic-configs.ts'
import {
  type Appender,
  deadLetters,
  type Kafka,
  type RecordBatch,
  type Subscription,
  totalLag,
  unreadableLetters,
} from '@weir/kafka'
import type { Bury, BuryUnreadable } from '@weir/kafka/dead-letters.ts'
import { type Logger, type Stage, stage as stageNamed, watchGroup } from '@weir/service'
import { DeadRate } from './dead-rate.ts'

const PAUSE_MS = 60_000
const LAG_MS = 1000
const TOO_MANY_DEAD = "it pauses, because more than 5 % of the last minute's records became dead letters"

export interface ConsumerStageOptions {
  /** SERVICE.NAME: the name of the stage, of its consumer group, and of the flow in dead letters. */
  readonly name: string
  /** The kind of the stage, for people. */
  readonly kind: 'flow' | 'stage' | 'sink'
  readonly deadLetter: DeadLetterTopic
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Pick<Logger, 'error'>
  /** How long the stage pauses after too many dead letters (default one minute). */
  readonly pauseMs?: number
}

export interface RunningStage {
  /** True, or the reason why not; false while the stage joins its group. */
  ready(): boolean | string
}

export async function openConsumerStage(options: ConsumerStageOptions): Promise<ConsumerStage> {
  const { name, deadLetter: topic, kafka, codec } = options
  const [writer, partitions] = await Promise.all([codec.writer(topic), kafka.partitions(topic)])
  const letters = { topic, partitions, maxBatchBytes: MAX_DEAD_LETTER_BATCH_BYTES, flow: name }
  return new ConsumerStage(options, deadLetters(writer, letters), unreadableLetters(writer, letters))
}

export class ConsumerStage {
  /** Writes a record's dead letter. */
  readonly bury: Bury
  readonly #buryUnreadable: BuryUnreadable
  readonly #options: ConsumerStageOptions
  readonly #stage: Stage
  readonly #pauseMs: number
  readonly #deadRate = new DeadRate()
  #resumeAt = 0

  constructor(options: ConsumerStageOptions, bury: Bury, buryUnreadable: BuryUnreadable) {
    this.bury = bury
    this.#buryUnreadable = buryUnreadable
    this.#options = options
    this.#stage = stageNamed(options.name)
    this.#pauseMs = options.pauseMs ?? PAUSE_MS
  }

  /** The reason why the stage pauses; undefined while it does not. */
  get trouble(): string | undefined {
    return this.#resumeAt > Date.now() ? TOO_MANY_DEAD : undefined
  }

  /** Resolves when the stage does not pause; rejects when the signal aborts. */
  async resumed(signal: AbortSignal): Promise<void> {
    while (this.#resumeAt > Date.now()) await sleep(this.#resumeAt - Date.now(), undefined, { signal })
  }

  /** Writes the dead letter of a batch that cannot be read. Returns the number of records that it stands for. */
  buryUnreadable(out: Appender, batch: RecordBatch): number {
    this.#buryUnreadable(out, batch)
    const records = batch.nextOffset - batch.unreadable!.firstOffset
    this.#stage.failed(records)
    return records
  }

  /** Counts the records of a batch that is done, `dead` of which became dead letters. */
  account(batch: RecordBatch, dead: number): void {
    const now = Date.now()
    this.#stage.done(batch.length - dead)
    this.#stage.failed(dead)
    this.#stage.latencies(now, batch.timestamps, batch.length)
    if (this.#deadRate.trips(now, batch.length, dead)) this.#pause(now)
  }

  /** Reports the stage's member of its group until the member is stopped. */
  watch(subscription: Subscription): { value: RunningStage; stop(drainMs: number): Promise<void> } {
    const unwatch = watchGroup(subscription, this.#options.kafka)
    // A timer reports the lag, and not each batch: the lag matters most while no batch ends.
    const lagging = setInterval(() => this.#stage.lag(totalLag(subscription.assignments())), LAG_MS)
    return {
      value: { ready: () => this.trouble ?? subscription.ready() },
      stop: (drainMs) => {
        clearInterval(lagging)
        unwatch()
        return subscription.stop(drainMs)
      },
    }
  }

  /**
   * There are more dead letters than a healthy topic has: stops writing more of them, logs an error, and
   * tries again after the pause.
   */
  #pause(now: number): void {
    // Batches of other partitions may have been in progress when the pause began.
    if (this.#resumeAt > now) return
    const { log, kind, name } = this.#options
    log.error(
      { [kind]: name },
      `more than 5 % of the last minute's records became dead letters; the ${kind} pauses for ${this.#pauseMs / 1000} s`,
    )
    this.#deadRate.reset(now)
    this.#resumeAt = now + this.#pauseMs
  }
}
