/**
 * Commits what the partitions of a member have handled: as many of them as are ready share a transaction. A
 * transaction costs three requests and half a dozen log appends however much is in it.
 *
 * It runs under the transactional id of one of the member's partitions (see transform.ts for who holds them),
 * and the group refuses the offsets of a member whose epoch has passed (KIP-447).
 */

import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import { settledWithin } from '../backoff.ts'
import type { GroupContext } from '../consume/subscription.ts'
import type { OffsetOf } from '../protocol/offsets.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { joined, MAX_BYTES, type TransactionOutput } from '../transaction-output.ts'
import type { Outputs, Transactor } from './transactor.ts'

/** While one transaction ends, the next one is written. */
const MAX_IN_FLIGHT = 2
/**
 * The ids that transactions run under in turn. The markers of a transaction are written after its end was
 * answered. One that begins under the same id before that waits 20 ms at the broker (KIP-890), and so does
 * its connection.
 */
const IDS = 4
/** The pause before a look for lost markers after a connection was lost, and between two that failed. */
const LOOK_PAUSE_MS = 1000
/** How long a partition that is given up waits for a transaction that runs under its id. */
const RELEASE_LIMIT_MS = 3000

/** A batch that was handled: its output and its offset become visible together. */
export interface Handled {
  readonly at: TopicPartition
  readonly output: TransactionOutput
  /** Undefined if the topic was recreated meanwhile, so that the offset means nothing any more. */
  readonly offset: OffsetOf | undefined
  /** Whether it must not share a transaction, because its last one failed. */
  readonly alone: boolean
  readonly signal: AbortSignal
}

interface Waiting extends Handled {
  readonly begins: (transactor: Transactor) => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** An id under which transactions run. */
interface Holder {
  readonly at: TopicPartition
  readonly transactor: Transactor
  /** The transaction that runs, or what settles one. Never rejects. */
  running: Promise<void> | undefined
  /** Whether the outcome of its last transaction is unknown. */
  failed: boolean
  /** The number of the last transaction that ran under its id. */
  last: number
  /** Whether the log says that the ends of its transactions cannot be looked for. */
  warned: boolean
}

export class MemberTransactions {
  readonly #context: GroupContext
  #holders: Holder[] = []
  /** By transactional id. A partition may be given up and come back before all ends of its transactions are known. */
  readonly #outputs = new Map<string, Outputs>()
  #waiting: Waiting[] = []
  /** The number of transactions begun so far. */
  #begun = 0
  #inFlight = 0
  #scheduled = false
  /** Whether lost markers are looked for. */
  #isLooking = false
  /** Whether they must be looked for, once more if that is under way. */
  #mustLook = false

  constructor(context: GroupContext) {
    this.#context = context
    const doubt = (): void => {
      for (const { transactor } of this.#holders) transactor.doubt()
      void this.#lookForLostMarkers()
    }
    context.cluster.onDisconnect(doubt)
    context.stopping.addEventListener('abort', () => context.cluster.offDisconnect(doubt))
  }

  /** Lets transactions run under the ids of a partition that this member has taken over. */
  add(at: TopicPartition, transactors: readonly Transactor[]): void {
    for (const transactor of transactors)
      this.#holders.push({ at, transactor, running: undefined, failed: false, last: 0, warned: false })
    if (transactors.some(({ outputs }) => outputs.length > 0)) void this.#lookForLostMarkers()
    this.#schedule()
  }

  /** Returns the outputs of the id's holders, the earlier ones of this process included. */
  outputsOf(transactionalId: string): Outputs {
    let outputs = this.#outputs.get(transactionalId)
    if (outputs === undefined) this.#outputs.set(transactionalId, (outputs = new Map()))
    return outputs
  }

  /** Resolves when no transaction runs under these ids any more, and none will. */
  async release(transactors: readonly Transactor[]): Promise<void> {
    const released = this.#holders.filter(({ transactor }) => transactors.includes(transactor))
    this.#holders = this.#holders.filter((holder) => !released.includes(holder))
    await settledWithin(Promise.all(released.map(({ running }) => running)), RELEASE_LIMIT_MS)
  }

  /**
   * Resolves when the output and the offset are visible. After a rejection that is unknown: restore() settles
   * it, and the committed offset shows it.
   * @param begins called with the holder of the id under which the transaction runs
   */
  async commit(handled: Handled, begins: (transactor: Transactor) => void): Promise<void> {
    if (handled.offset === undefined && handled.output.partitions.length === 0) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const schedule = (): void => this.#schedule()
    handled.signal.addEventListener('abort', schedule)
    this.#waiting.push({ ...handled, begins, resolve, reject })
    schedule()
    try {
      await promise
    } finally {
      handled.signal.removeEventListener('abort', schedule)
    }
  }

  /** Takes over the id again under which a transaction failed, which ends that transaction. */
  async restore(transactor: Transactor, signal: AbortSignal): Promise<void> {
    this.#dropLost()
    const holder = this.#holders.find((one) => one.transactor === transactor)
    if (holder !== undefined) await this.#settle(holder, signal)
  }

  async #settle(holder: Holder, signal: AbortSignal): Promise<void> {
    while (holder.failed) {
      if (holder.running !== undefined) await holder.running
      else
        await this.#reserve(holder, async () => {
          await holder.transactor.begin(signal)
          holder.failed = false
        })
    }
  }

  /** Does the work while no transaction runs under the id. Rejects as the work does. */
  async #reserve(holder: Holder, work: () => Promise<void>): Promise<void> {
    const working = work()
    holder.running = working
      .catch(() => {})
      .then(() => {
        holder.running = undefined
        this.#schedule()
      })
    await working
  }

  /**
   * A broker that died may have lost the markers of transactions that had ended here, which then stay open in
   * their output partitions. Other transactions go on while this is looked for.
   */
  async #lookForLostMarkers(): Promise<void> {
    // A holder that came during a look is not seen by it.
    this.#mustLook = true
    if (this.#isLooking) return
    this.#isLooking = true
    const { stopping } = this.#context
    while (this.#mustLook && !stopping.aborted) {
      await pause(LOOK_PAUSE_MS, stopping)
      this.#mustLook = false
      this.#dropLost()
      // One after the other: transactions run under the other ids meanwhile.
      for (const holder of this.#holders) {
        await this.#look(holder, stopping).catch((error: KafkaError) => {
          this.#mustLook = true
          this.#warn(holder, error)
        })
      }
    }
    this.#isLooking = false
  }

  /** Tells once of each holder what repeating does not help against. */
  #warn(holder: Holder, error: KafkaError): void {
    if (error.retriable || holder.warned) return
    holder.warned = true
    this.#context.cluster.log.warn(
      { err: error, transactionalId: holder.transactor.transactionalId },
      'It is not known whether the broker lost the end of a transaction; this is looked at again every second',
    )
  }

  async #look(holder: Holder, signal: AbortSignal): Promise<void> {
    const { transactor } = holder
    await this.#settle(holder, signal)
    while (holder.running !== undefined) await holder.running
    const { outputs } = transactor
    if (holder.failed) throw new KafkaError('fenced', `Looking at ${transactor.transactionalId}`)
    if (outputs.length === 0) return
    await this.#reserve(holder, async () => {
      if ((await transactor.open(outputs)).length > 0) {
        holder.failed = true
        await transactor.endLost(outputs, signal)
        holder.failed = false
      }
      transactor.ended(outputs)
    })
  }

  /** Another member holds the ids of a partition that this one has lost. */
  #dropLost(): void {
    if (this.#holders.length === 0) return
    const membership = this.#context.membership()
    this.#holders = this.#holders.filter(({ at }) => membership.owns(at))
  }

  /** Partitions that are handled in one turn of the event loop share a transaction. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#begin()
    })
  }

  #begin(): void {
    this.#refuseAborted()
    while (this.#waiting.length > 0 && this.#inFlight < MAX_IN_FLIGHT) {
      const holder = this.#leastRecentlyUsed()
      if (holder === undefined) return
      holder.last = ++this.#begun
      holder.running = this.#run(holder, this.#next())
    }
  }

  #leastRecentlyUsed(): Holder | undefined {
    this.#dropLost()
    return this.#holders
      .filter(({ failed }) => !failed)
      .slice(0, IDS)
      .filter(({ running }) => running === undefined)
      .reduce<Holder | undefined>(
        (least, holder) => (least === undefined || holder.last < least.last ? holder : least),
        undefined,
      )
  }

  async #run(holder: Holder, handled: readonly Waiting[]): Promise<void> {
    this.#inFlight++
    for (const { begins } of handled) begins(holder.transactor)
    const partitions = handled.map(({ at }) => at)
    const offsets = handled.flatMap(({ offset }) => offset ?? [])
    const committer = () => {
      const membership = this.#context.membership()
      return partitions.every((at) => membership.owns(at)) ? membership : undefined
    }
    try {
      const group =
        offsets.length === 0 ? undefined : { groupId: this.#context.options.groupId, committer, offsets }
      await holder.transactor.commit(
        joined(handled.map(({ output }) => output)),
        group,
        this.#context.stopping,
      )
      for (const { resolve } of handled) resolve()
    } catch (error) {
      holder.failed = true
      for (const { reject } of handled) reject(error)
      void this.#lookForLostMarkers()
    }
    holder.running = undefined
    this.#inFlight--
    this.#schedule()
  }

  /** Takes as many as may share a transaction, in the order of their arrival. */
  #next(): Waiting[] {
    if (this.#waiting[0].alone) return this.#waiting.splice(0, 1)
    let bytes = 0
    const end = this.#waiting.findIndex(({ alone, output }) => alone || (bytes += output.bytes) > MAX_BYTES)
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(end, 1))
  }

  #refuseAborted(): void {
    if (!this.#waiting.some(({ signal }) => signal.aborted)) return
    const [aborted, left] = [
      this.#waiting.filter(({ signal }) => signal.aborted),
      this.#waiting.filter(({ signal }) => !signal.aborted),
    ]
    this.#waiting = left
    for (const { at, reject } of aborted)
      reject(new KafkaError('stopped', `Committing ${at.topic}/${at.partition}`))
  }
}
