/** Redrives dead letters in the background, one redrive per topic at a time, and reports their progress. */
import type { Codec } from '@weir/codec'
import type { DeadLetterTopic } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { HttpError, type Logger } from '@weir/service'
import { originsOf } from '@weir/solutions/dead-letters.ts'
import {
  eachLetter,
  type LeftLetters,
  redrive,
  type Selection,
  selectorOf,
  wasRedriven,
} from '@weir/topics/dead-letters/index.ts'

export interface Redrive {
  readonly id: number
  readonly topic: DeadLetterTopic
  readonly selection: Selection
  readonly startedAt: number
  state: 'counting' | 'sending' | 'done' | 'failed'
  /** The number of dead letters to send back; null while they are counted. */
  due: number | null
  sent: number
  /** The dead letters that stay, by reason; null until all others are sent. */
  left: LeftLetters | null
  /** Why it failed. */
  trouble: string | null
}

export interface RedrivesOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

/** A redrive that takes longer ends; the letters that are left can be sent by another one. */
const LIMIT_MS = 10 * 60_000
/** The finished redrives that are remembered. */
const MAX_KEPT = 5

export class Redrives {
  readonly #options: RedrivesOptions
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #all: Redrive[] = []
  #ids = 0

  constructor(options: RedrivesOptions) {
    this.#options = options
  }

  /** The newest first. */
  get all(): readonly Redrive[] {
    return this.#all
  }

  /**
   * Begins to send the selected letters back that were not sent back before. Throws 409 while others of the topic
   * are being sent back.
   * @param client the name of the API key; undefined for a client without one
   */
  start(topic: DeadLetterTopic, selection: Selection, client: string | undefined): Redrive {
    const active = this.#all.filter(({ state }) => state === 'counting' || state === 'sending')
    if (active.some((one) => one.topic === topic))
      throw new HttpError(
        409,
        'redrive-running',
        `Letters of ${topic} are being sent back; wait for their end.`,
      )
    const started: Redrive = {
      id: ++this.#ids,
      topic,
      selection,
      startedAt: Date.now(),
      state: 'counting',
      due: null,
      sent: 0,
      left: null,
      trouble: null,
    }
    this.#all = [started, ...active, ...this.#all.filter((one) => !active.includes(one)).slice(0, MAX_KEPT)]
    const running = this.#run(started, client).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return started
  }

  /** Ends running redrives. Dead letters that were sent by then are marked. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the console was stopped'))
    await Promise.all(this.#running)
  }

  async #run(one: Redrive, client: string | undefined): Promise<void> {
    const { kafka, codec, log } = this.#options
    const { topic, selection } = one
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(LIMIT_MS)])
    const select = selectorOf(selection)
    log.info({ topic, selection, client }, 'sending dead letters back')
    try {
      const chosen: { readonly partition: number; readonly offset: number }[] = []
      const holding = await eachLetter(
        kafka,
        topic,
        (batch, index) => {
          if (select(batch, index)) chosen.push({ partition: batch.partition, offset: batch.offsets[index] })
        },
        { signal },
      )
      one.due = chosen.filter(({ partition, offset }) => !wasRedriven(holding, partition, offset)).length
      one.state = 'sending'
      const sent = (count: number): void => {
        one.sent = count
      }
      const reader = await codec.reader(topic)
      const origins = originsOf(topic)
      one.left = (await redrive({ kafka, holding, select, origins, reader, again: false, sent, signal })).left
      one.state = 'done'
      log.info({ topic, selection, client, sent: one.sent, left: one.left }, 'dead letters were sent back')
    } catch (error) {
      one.state = 'failed'
      one.trouble = (error as Error).message.slice(0, 500)
      log.error(
        { err: error, topic, selection, client, sent: one.sent },
        'dead letters could not be sent back',
      )
    }
  }
}
