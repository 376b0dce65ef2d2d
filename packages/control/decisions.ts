/** Makes decisions in their order, those that are independent together: each transaction is a round trip. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaError } from '@weir/kafka'
import { backoffMs } from '@weir/timing'
import type { Change } from './control-log.ts'
import { type Pending, type Scope, takeGroup } from './group.ts'

/** A change in the form in which it is written. */
export interface Entry {
  readonly bytes: number
  append(): void
}

/** A transaction that no other replica can interrupt, on everything that was written before. */
export interface Transaction {
  /** Whether the mark was committed: an earlier attempt whose answer was lost succeeded. */
  has(mark: string): boolean
  /** Throws if followers would leave the change out. */
  entry(change: Change): Entry
  /** Appends the mark by which the transaction is found afterwards. */
  append(mark: string): void
}

export interface DecisionsOptions {
  transact(work: (transaction: Transaction) => void): Promise<void>
  /** Resolves when what was committed before is applied here, or after the time. */
  settle(timeoutMs: number): Promise<void>
}

interface Decision extends Pending {
  readonly decide: () => readonly Change[]
  /** The error that `decide` threw last; undefined if it threw none. */
  error: unknown
  readonly made: PromiseWithResolvers<void>
}

/** How long a decision is retried if others get in its way or its outcome is unknown (ms). */
const PATIENCE_MS = 15_000
/** The longest pause before the second attempt, and before later ones (ms). */
const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 500
/** The changes of a transaction, unless one decision has more. */
const MAX_GROUP_BYTES = 1 << 20

export class Decisions {
  readonly #options: DecisionsOptions
  readonly #queue: Decision[] = []
  #running = false

  constructor(options: DecisionsOptions) {
    this.#options = options
  }

  async make(decide: () => readonly Change[], scope: Scope | undefined): Promise<void> {
    const decision: Decision = { decide, scope, error: undefined, made: Promise.withResolvers() }
    this.#queue.push(decision)
    if (!this.#running) void this.#run()
    return decision.made.promise
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#queue.length > 0) {
      const group = takeGroup(this.#queue)
      try {
        const made = await this.#makeAll(group)
        this.#queue.unshift(...group.slice(made))
        for (const { error, made: result } of group.slice(0, made))
          if (error === undefined) result.resolve()
          else result.reject(error)
      } catch (error) {
        for (const { made } of group) made.reject(error)
      }
    }
    this.#running = false
  }

  /** Resolves to the number of decisions that were made: the first ones of the group. */
  async #makeAll(group: readonly Decision[]): Promise<number> {
    const { transact, settle } = this.#options
    const mark = randomUUID()
    const deadline = Date.now() + PATIENCE_MS
    let made = group.length
    for (let attempt = 0; ; attempt++) {
      try {
        await transact((transaction) => {
          if (!transaction.has(mark)) made = decideAll(group, mark, transaction)
        })
        break
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable || Date.now() > deadline) throw error
        await sleep(Math.random() * backoffMs(attempt, FIRST_PAUSE_MS, MAX_PAUSE_MS))
      }
    }
    // Other calls of this replica must find the changes applied.
    await settle(PATIENCE_MS)
    return made
  }
}

function decideAll(group: readonly Decision[], mark: string, transaction: Transaction): number {
  let [bytes, made] = [0, 0]
  while (made < group.length && bytes < MAX_GROUP_BYTES) {
    const entries = entriesOf(group[made++], transaction)
    for (const entry of entries) {
      entry.append()
      bytes += entry.bytes
    }
  }
  if (bytes > 0) transaction.append(mark)
  return made
}

/** The error of a decision, or of a change that followers would leave out, is not that of the others. */
function entriesOf(decision: Decision, transaction: Transaction): readonly Entry[] {
  decision.error = undefined
  try {
    return decision.decide().map((change) => transaction.entry(change))
  } catch (error) {
    decision.error = error
    return []
  }
}
