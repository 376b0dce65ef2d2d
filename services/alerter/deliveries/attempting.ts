/** Makes the attempts of deliveries, and records their outcomes. */
import type { Logger } from '@weir/service'
import { backoffMs, pause } from '@weir/timing'
import { Lane } from '@weir/timing/lane.ts'
import { Slots } from '@weir/timing/slots.ts'
import { isFifo } from '../notifications/entries.ts'
import { deadLetterTarget } from '../notifications/redrive-policy.ts'
import type { Attempted, AttemptLog } from './attempts.ts'
import type { Answer, Delivery, Outcome } from './delivery.ts'
import type { Terms } from './receivers/receiver.ts'
import type { OpenedReceivers } from './receivers/receivers.ts'
import { MANAGED_POLICY, pauseMs } from './schedule.ts'

export interface AttemptingOptions extends OpenedReceivers {
  readonly attempts: AttemptLog
  /** Returns whether deliveries may wait in memory. */
  readonly mayQueue: () => boolean
  readonly log: Logger
}

/** The next attempt of a delivery. */
interface Next extends Pick<Delivery, 'attempts' | 'deadLetter'> {
  readonly dueAt: number
}

/** An attempt, with the retries that follow it at once. */
interface Made extends Attempted {
  readonly answer: Answer
  /** The pause before the next attempt; undefined if there is none. */
  readonly pauseMs: number | undefined
}

/** The answer for a delivery that waits for others. No attempt was made. */
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

  /** Resolves when the delivery is finished or waits in Kafka. Rejects if the signal aborts before. */
  async run(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { message, topic, subscription } = delivery
    if (message !== undefined && isFifo(topic.name))
      return this.#inTurn(`${subscription.id}/${message.value.groupId}`, () =>
        this.#inOrder(delivery, signal),
      )
    await this.#untilItEnds(delivery, signal, () => this.#once(delivery, signal, true))
  }

  /** Does the work when all earlier work with this key has ended. */
  #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.catch(() => {}).then(work)
    this.#last.set(key, mine)
    const forget = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    mine.then(forget, forget)
    return mine
  }

  /** The messages of a group wait for each other here, so this one is not given back to Kafka. */
  async #inOrder(delivery: Delivery, signal: AbortSignal): Promise<void> {
    for (let current = delivery; ; ) {
      if (signal.aborted) throw new Error('The partition of the message was given up.')
      const next = await this.#untilItEnds(current, signal, () => this.#once(current, signal, false))
      if (next === undefined) return
      await pause(next.dueAt - Date.now(), signal)
      current = { ...current, attempts: next.attempts, deadLetter: next.deadLetter }
    }
  }

  /**
   * Repeats work that fails inside: a mistake of this program with one delivery must neither lose it nor hold
   * up the others of its partition for longer than the mistake lasts.
   */
  async #untilItEnds<T>({ subscription }: Delivery, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let retry = 0; ; retry++) {
      try {
        return await work()
      } catch (error) {
        if (signal.aborted) throw error
        this.#options.log.error(
          { err: error, subscription: subscription.id },
          'a delivery failed inside, and is attempted again',
        )
        await pause(backoffMs(retry, MIN_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    }
  }

  /**
   * Resolves to the next attempt, if there is one, once the outcome is recorded.
   * @param waitsInKafka whether the record of the outcome brings the delivery back when it is due
   */
  async #once(delivery: Delivery, signal: AbortSignal, waitsInKafka: boolean): Promise<Next | undefined> {
    const { mayQueue } = this.#options
    const terms = this.#termsOf(delivery)
    const laneKey = laneKeyOf(delivery, terms)
    const lane = this.#laneOf(laneKey)
    const now = Date.now()
    const entered = lane.enter(now, terms.maxPerSecond, mayQueue())
    const comeBackAt = typeof entered === 'number' ? entered : await entered.turn
    if (typeof entered === 'number' || comeBackAt !== undefined) {
      const { attempts, deadLetter } = delivery
      const outcome: Outcome = { outcome: 'postponed', answer: POSTPONED, dueAt: comeBackAt!, deadLetter }
      return this.#record(
        delivery,
        outcome,
        { attempts, startedAt: now, durationMs: 0 },
        signal,
        waitsInKafka,
      )
    }
    const give = await this.#slots.take()
    let made: Made | undefined
    try {
      made = await this.#attempt(delivery, terms, signal)
    } finally {
      give()
      entered.ended(isWell(made?.answer), made?.durationMs ?? 0)
      if (lane.isIdle) this.#lanes.delete(laneKey)
    }
    const { attempts, startedAt, durationMs } = made
    const outcome = outcomeOf(delivery, made)
    return this.#record(delivery, outcome, { attempts, startedAt, durationMs }, signal, waitsInKafka)
  }

  async #attempt(delivery: Delivery, { policy }: Terms, signal: AbortSignal): Promise<Made> {
    for (let attempts = delivery.attempts + 1; ; attempts++) {
      const startedAt = Date.now()
      const answer = await this.#deliver(delivery)
      const durationMs = Date.now() - startedAt
      const next = answer.verdict === 'retry' ? pauseMs(policy, attempts) : undefined
      if (next !== 0 || signal.aborted) return { answer, attempts, startedAt, durationMs, pauseMs: next }
    }
  }

  #deliver(delivery: Delivery): Promise<Answer> {
    const { receivers, deadLetter } = this.#options
    const { message, subscription } = delivery
    if (!delivery.deadLetter || message === undefined)
      return receivers[subscription.protocol].deliver(delivery)
    return deadLetter({ ...delivery, message }, deadLetterTarget(subscription)!)
  }

  async #record(
    delivery: Delivery,
    outcome: Outcome,
    attempted: Attempted,
    signal: AbortSignal,
    waitsInKafka: boolean,
  ): Promise<Next | undefined> {
    const remains = 'dueAt' in outcome
    if (waitsInKafka || !remains) await this.#options.attempts.write(delivery, outcome, attempted, signal)
    if (!remains) return undefined
    const { dueAt, deadLetter } = outcome
    return { dueAt, deadLetter, attempts: deadLetter === delivery.deadLetter ? attempted.attempts : 0 }
  }

  #termsOf(delivery: Delivery): Terms {
    if (delivery.deadLetter) return { policy: MANAGED_POLICY, maxPerSecond: undefined }
    return this.#options.receivers[delivery.subscription.protocol].terms(delivery)
  }

  #laneOf(key: string): Lane {
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = new Lane()))
    return lane
  }
}

/** Dead letters do not wait for a receiver that fails. */
const laneKeyOf = ({ subscription, deadLetter }: Delivery, { lane }: Terms): string =>
  deadLetter ? `${subscription.id} dead` : (lane ?? subscription.id)

/** Whether the receiver works, even if one of the recipients behind it does not. */
const isWell = (answer: Answer | undefined): boolean =>
  answer !== undefined && (answer.verdict !== 'retry' || answer.isOfRecipient === true)

/** A message that its receiver never takes goes to the dead-letter queue of the subscription, if it has one. */
function outcomeOf(delivery: Delivery, { answer, startedAt, durationMs, pauseMs }: Made): Outcome {
  const now = startedAt + durationMs
  const { deadLetter, message, subscription } = delivery
  if (answer.verdict === 'delivered') return { outcome: deadLetter ? 'dead' : 'delivered', answer }
  if (pauseMs !== undefined) return { outcome: 'failed', answer, dueAt: now + pauseMs, deadLetter }
  if (!deadLetter && message !== undefined && deadLetterTarget(subscription) !== undefined)
    return { outcome: 'failed', answer, dueAt: now, deadLetter: true }
  return { outcome: 'dead', answer }
}
