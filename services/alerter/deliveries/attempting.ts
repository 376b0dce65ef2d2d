/** Makes the attempts of deliveries, and records what they come to. */
import type { Logger } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import { isFifo } from '../notifications/entries.ts'
import type { AttemptLog } from './attempts.ts'
import type { Answer, Delivery, Outcome } from './delivery.ts'
import { Lane } from './lane.ts'
import type { Receivers } from './receivers/receiver.ts'
import { pauseMs } from './schedule.ts'
import { Slots } from './slots.ts'

export interface AttemptingOptions {
  readonly attempts: AttemptLog
  readonly receivers: Receivers
  /** Returns whether deliveries may wait in memory. */
  readonly mayQueue: () => boolean
  readonly log: Logger
}

/** A throttled delivery: SNS delivers it later without counting an attempt. */
const POSTPONED: Answer = {
  verdict: 'retry',
  status: 'postponed',
  text: 'Too many deliveries are under way.',
}

/** The pause before a delivery that failed inside is attempted again (ms). */
const MIN_PAUSE_MS = 1000
const MAX_PAUSE_MS = 60_000

export class Attempting {
  readonly #options: AttemptingOptions
  readonly #slots = new Slots()
  readonly #lanes = new Map<string, Lane>()
  /** The last delivery of each group of a FIFO topic to a subscription. */
  readonly #last = new Map<string, Promise<void>>()

  constructor(options: AttemptingOptions) {
    this.#options = options
  }

  /** Resolves when the delivery is finished or waits in Kafka. Rejects if that cannot be recorded. */
  run(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { message, topic, subscription } = delivery
    if (message === undefined || !isFifo(topic.name)) return this.#attempt(delivery, signal)
    const key = `${subscription.id}/${message.value.groupId}`
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.catch(() => {}).then(() => this.#attemptInOrder(delivery, signal))
    this.#last.set(key, mine)
    const forget = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    mine.then(forget, forget)
    return mine
  }

  /** The messages of a group wait for each other here, so this one is not given back to Kafka. */
  async #attemptInOrder(delivery: Delivery, signal: AbortSignal): Promise<void> {
    let { attempts } = delivery
    for (;;) {
      if (signal.aborted) throw new Error('The partition of the message was given up.')
      const next = { ...delivery, attempts }
      const { dueAt, made } = await this.#untilItEnds(next, signal, () => this.#once(next, signal, false))
      if (dueAt === undefined) return
      attempts = made
      await pause(dueAt - Date.now(), signal)
    }
  }

  async #attempt(delivery: Delivery, signal: AbortSignal): Promise<void> {
    await this.#untilItEnds(delivery, signal, () => this.#once(delivery, signal, true))
  }

  /**
   * Repeats work that fails inside: a mistake of this program with one delivery must neither lose it nor hold
   * up the others of its partition for longer than the mistake lasts.
   */
  async #untilItEnds<T>(delivery: Delivery, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let retry = 0; ; retry++) {
      try {
        return await work()
      } catch (error) {
        if (signal.aborted) throw error
        const { id: subscription } = delivery.subscription
        this.#options.log.error(
          { err: error, subscription },
          'a delivery failed inside, and is attempted again',
        )
        await pause(backoffMs(retry, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    }
  }

  /**
   * Resolves to the time of the next attempt, if there is one, once the outcome is recorded.
   * @param waitsInKafka whether the record of the outcome brings the delivery back when it is due
   */
  async #once(
    delivery: Delivery,
    signal: AbortSignal,
    waitsInKafka: boolean,
  ): Promise<{ readonly dueAt: number | undefined; readonly made: number }> {
    const { attempts, receivers, mayQueue } = this.#options
    const receiver = receivers[delivery.subscription.protocol]
    const { policy, maxPerSecond } = receiver.terms(delivery)
    const lane = this.#laneOf(delivery.subscription.id)
    const now = Date.now()
    const entered = lane.enter(now, maxPerSecond, mayQueue())
    if (typeof entered === 'number') {
      const outcome: Outcome = { outcome: 'postponed', answer: POSTPONED, dueAt: entered }
      if (waitsInKafka)
        await attempts.write(
          delivery,
          outcome,
          { attempts: delivery.attempts, startedAt: now, durationMs: 0 },
          signal,
        )
      return { dueAt: entered, made: delivery.attempts }
    }
    await entered.turn
    const give = await this.#slots.take()
    let made = delivery.attempts
    for (;;) {
      const startedAt = Date.now()
      const answer = await receiver.deliver(delivery)
      const durationMs = Date.now() - startedAt
      made++
      const pauseLeftMs = answer.verdict === 'retry' ? pauseMs(policy, made) : undefined
      if (pauseLeftMs === 0 && !signal.aborted) continue
      give()
      entered.ended(answer.verdict !== 'retry', durationMs)
      const dueAt = pauseLeftMs === undefined ? undefined : startedAt + durationMs + pauseLeftMs
      const outcome: Outcome =
        dueAt !== undefined
          ? { outcome: 'failed', answer, dueAt }
          : { outcome: answer.verdict === 'delivered' ? 'delivered' : 'dead', answer }
      if (waitsInKafka || dueAt === undefined)
        await attempts.write(delivery, outcome, { attempts: made, startedAt, durationMs }, signal)
      return { dueAt, made }
    }
  }

  #laneOf(subscription: string): Lane {
    let lane = this.#lanes.get(subscription)
    if (lane === undefined) this.#lanes.set(subscription, (lane = new Lane()))
    return lane
  }

  /** Forgets the lane of a subscription that is gone. */
  forget(subscription: string): void {
    this.#lanes.delete(subscription)
  }
}
