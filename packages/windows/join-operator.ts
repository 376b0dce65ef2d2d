/**
 * Joins the records of two inputs that have the same key and times near each other. Which pairs there are follows from
 * the records of each input in the order of its partition alone, however the two inputs come together: a record is late
 * by the time of its own input, and waits until the other one has passed all that it may meet.
 */
import type { Keyed, KeyedState } from '@weir/state'
import { type Interval, type JoinState, leftUntil, rightUntil, type Waiting } from './join-state.ts'
import { checkRecord, DEFAULT_MAX_AHEAD_MS, MAX_DUE, type Placed } from './window-operator.ts'

export type Side = 'left' | 'right'

export interface JoinDefinition<L, R, O> extends Interval {
  /** A record whose time is further than this before the latest of its side and partition is late. */
  readonly disorderMs: number
  /** A record whose time is further than this after its arrival is not taken. */
  readonly maxAheadMs?: number
  /**
   * Makes the result of a pair; it must not throw.
   * @param right undefined for a left record that has met none, if `outer` is set
   */
  join(left: L, right: R | undefined, of: Pair): O
  /** Whether a left record that has met no right one has a result, when none can come any more. */
  readonly outer?: boolean
}

export interface Pair {
  readonly key: string
  readonly leftMs: number
  readonly rightMs: number | undefined
}

/** The waiting records of a key, on one side. */
const MAX_WAITING = 1000
const PARTITION_KEY = Buffer.alloc(0)

/** A key has as many waiting records as it may have. */
export class TooManyRecords extends Error {
  override readonly name = 'TooManyRecords'
  readonly code = 'too-many-records'
}

type States<L, R> = Pick<KeyedState<JoinState<L, R>>, 'at' | 'put' | 'take'>

export class JoinOperator<L, R, O> {
  readonly #definition: JoinDefinition<L, R, O>
  readonly #maxAheadMs: number
  readonly #states: States<L, R>
  readonly #emit: (result: O, key: Buffer) => void
  #leftMs = -Infinity
  #rightMs = -Infinity
  #isMoved = false
  /** Due keys that this turn may still take. */
  #room = MAX_DUE

  /** @param emit takes the results, in the order in which they are found */
  constructor(
    definition: JoinDefinition<L, R, O>,
    states: States<L, R>,
    emit: (result: O, key: Buffer) => void,
  ) {
    const { lowerMs, upperMs, maxAheadMs = DEFAULT_MAX_AHEAD_MS } = definition
    if (!(lowerMs <= upperMs))
      throw new RangeError(`No record is from ${lowerMs} to ${upperMs} ms after another one.`)
    this.#definition = definition
    this.#maxAheadMs = maxAheadMs
    this.#states = states
    this.#emit = emit
  }

  /** Reads the times of the partition from its state. */
  begin(): void {
    const { leftMs, rightMs } = this.#states.at(PARTITION_KEY).value ?? { leftMs: null, rightMs: null }
    this.#leftMs = leftMs ?? -Infinity
    this.#rightMs = rightMs ?? -Infinity
    this.#isMoved = false
    this.#room = MAX_DUE
  }

  /**
   * Takes the next record of one side of the partition.
   * @param arrivalMs when the broker stored it
   * @throws NoTime, NoKey, TooManyRecords, and what the states throw; nothing has changed then
   */
  add(
    side: Side,
    key: Buffer,
    start: number,
    end: number,
    value: L | R,
    timeMs: number,
    arrivalMs: number,
  ): Placed {
    checkRecord(start, end, timeMs)
    if (timeMs > arrivalMs + this.#maxAheadMs) return 'ahead'
    const isLeft = side === 'left'
    if (timeMs < (isLeft ? this.#leftMs : this.#rightMs)) return 'late'
    const keyed = this.#states.at(key, start, end)
    if (isLeft) this.#addLeft(keyed, value as L, timeMs)
    else this.#addRight(keyed, value as R, timeMs)
    this.#advance(isLeft, timeMs - this.#definition.disorderMs)
    return 'taken'
  }

  /** Ends a batch: the times of the partition are a part of its states. */
  finish(): void {
    this.#room = MAX_DUE
    if (!this.#isMoved) return
    this.#isMoved = false
    const keyed = this.#states.at(PARTITION_KEY)
    keyed.value = { left: [], right: [], leftMs: finite(this.#leftMs), rightMs: finite(this.#rightMs) }
    this.#states.put(keyed)
  }

  /** Lets go what earlier turns have left. */
  tick(): void {
    this.#room = MAX_DUE
    this.#takeDue()
  }

  #addLeft(keyed: Keyed<JoinState<L, R>>, value: L, timeMs: number): void {
    const { lowerMs, upperMs } = this.#definition
    const state = this.#stateOf(keyed, 'left')
    const own: Waiting<L> = { timeMs, value, hasMet: false }
    for (const other of state.right) {
      if (other.timeMs < timeMs + lowerMs) continue
      if (other.timeMs > timeMs + upperMs) break
      this.#meet(keyed, own, other)
    }
    insert(state.left, own)
    this.#keep(keyed, state)
  }

  #addRight(keyed: Keyed<JoinState<L, R>>, value: R, timeMs: number): void {
    const { lowerMs, upperMs } = this.#definition
    const state = this.#stateOf(keyed, 'right')
    const own: Waiting<R> = { timeMs, value, hasMet: false }
    for (const other of state.left) {
      if (other.timeMs < timeMs - upperMs) continue
      if (other.timeMs > timeMs - lowerMs) break
      this.#meet(keyed, other, own)
    }
    insert(state.right, own)
    this.#keep(keyed, state)
  }

  #stateOf({ key, value }: Keyed<JoinState<L, R>>, side: Side): JoinState<L, R> {
    if (value === undefined) return { left: [], right: [], leftMs: null, rightMs: null }
    if (value[side].length >= MAX_WAITING) throw tooMany(key, MAX_WAITING, 'waiting records')
    return value
  }

  #meet({ key }: Keyed<unknown>, left: Waiting<L>, right: Waiting<R>): void {
    left.hasMet = right.hasMet = true
    const of = { key: key.toString(), leftMs: left.timeMs, rightMs: right.timeMs }
    this.#emit(this.#definition.join(left.value, right.value, of), key)
  }

  #advance(isLeft: boolean, ms: number): void {
    if (ms <= (isLeft ? this.#leftMs : this.#rightMs)) return
    if (isLeft) this.#leftMs = ms
    else this.#rightMs = ms
    this.#isMoved = true
    this.#takeDue()
  }

  #takeDue(): void {
    const until = Math.min(this.#leftMs, this.#rightMs)
    for (; this.#room > 0; this.#room--) {
      const keyed = this.#states.take('event', until)
      if (keyed === undefined) return
      this.#keep(keyed, keyed.value!)
    }
  }

  /** Keeps the records that may still meet others. Both sides have come to the time at which the rest cannot. */
  #keep(keyed: Keyed<JoinState<L, R>>, state: JoinState<L, R>): void {
    const until = Math.min(this.#leftMs, this.#rightMs)
    const { left, right } = state
    while (left.length > 0 && leftUntil(left[0].timeMs, this.#definition) <= until)
      this.#leave(keyed, left.shift()!)
    while (right.length > 0 && rightUntil(right[0].timeMs, this.#definition) <= until) right.shift()
    keyed.value = left.length + right.length === 0 ? undefined : state
    this.#states.put(keyed)
  }

  #leave({ key }: Keyed<unknown>, { timeMs, value, hasMet }: Waiting<L>): void {
    const { outer = false, join } = this.#definition
    if (outer && !hasMet)
      this.#emit(join(value, undefined, { key: key.toString(), leftMs: timeMs, rightMs: undefined }), key)
  }
}

/** Inserts a record after those of the same time. */
export function insert<W extends { readonly timeMs: number }>(waiting: W[], one: W): void {
  const after = waiting.findLastIndex(({ timeMs }) => timeMs <= one.timeMs)
  waiting.splice(after + 1, 0, one)
}

export const tooMany = (key: Buffer, most: number, of: string): TooManyRecords =>
  new TooManyRecords(
    `The key ${JSON.stringify(key.toString().slice(0, 64))} has ${most} ${of}, which is the most.`,
  )

/** The form in which a time is kept; null if there is none yet. */
export const finite = (ms: number): number | null => (ms === -Infinity ? null : ms)
