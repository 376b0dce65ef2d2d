/**
 * Joins the records of a stream with the rows that a table had at their times, by key. A record waits until the table has
 * passed its time. So its row follows from the records of each input in the order of its partition alone, however the
 * two inputs come together.
 */
import type { Keyed, KeyedState } from '@weir/state'
import { finite, insert, tooMany } from './join-operator.ts'
import type { TableJoinState } from './table-join-state.ts'
import { checkRecord, DEFAULT_MAX_AHEAD_MS, MAX_DUE, type Placed } from './window-operator.ts'

export interface TableJoinDefinition<V, R, O> {
  /** A record or row whose time is further than this before the latest of its input and partition is late. */
  readonly disorderMs: number
  /** A record or row whose time is further than this after its arrival is not taken. */
  readonly maxAheadMs?: number
  /**
   * If no row comes for so long, the table's time follows the clock, by this and the disorder behind it. Rows that are
   * delayed for longer are late. Without it, a record waits until some row of its partition has a later time.
   */
  readonly idleMs?: number
  /**
   * Makes the result of a record; undefined if it has none. It must not throw.
   * @param row undefined if the table had none with the key
   */
  join(record: V, row: R | undefined, of: { readonly key: string; readonly timeMs: number }): O | undefined
}

/** The waiting records of a key, and the versions of its row that records may still need. */
const MAX_OF_KEY = 1000
/** For how long a deletion is remembered, in the table's time: a late row that is older does not undo it. */
const DELETION_KEPT_MS = 3_600_000
const PARTITION_KEY = Buffer.alloc(0)

type States<V, R> = Pick<KeyedState<TableJoinState<V, R>>, 'at' | 'put' | 'take'>

export class TableJoinOperator<V, R, O> {
  readonly #definition: TableJoinDefinition<V, R, O>
  readonly #maxAheadMs: number
  readonly #states: States<V, R>
  readonly #emit: (result: O, key: Buffer) => void
  #streamMs = -Infinity
  #tableMs = -Infinity
  #isMoved = false
  /** When records and rows came last, by this process's clock. */
  #recordsAt = Infinity
  #rowsAt = Infinity
  #nowMs = -Infinity
  /** Due keys that this turn may still take. */
  #room = MAX_DUE

  /** @param emit takes the results, in the order in which they are found */
  constructor(
    definition: TableJoinDefinition<V, R, O>,
    states: States<V, R>,
    emit: (result: O, key: Buffer) => void,
  ) {
    this.#definition = definition
    this.#maxAheadMs = definition.maxAheadMs ?? DEFAULT_MAX_AHEAD_MS
    this.#states = states
    this.#emit = emit
  }

  /** Reads the times of the partition from its state. */
  begin(nowMs: number): void {
    const { streamMs, tableMs } = this.#states.at(PARTITION_KEY).value ?? { streamMs: null, tableMs: null }
    this.#streamMs = streamMs ?? -Infinity
    this.#tableMs = tableMs ?? -Infinity
    this.#isMoved = false
    this.#room = MAX_DUE
    this.#nowMs = this.#recordsAt = this.#rowsAt = nowMs
  }

  /**
   * Takes the next record of the stream.
   * @param arrivalMs when the broker stored it
   * @throws NoTime, NoKey, TooManyRecords, and what the states throw; nothing has changed then
   */
  addRecord(key: Buffer, start: number, end: number, value: V, timeMs: number, arrivalMs: number): Placed {
    this.#recordsAt = this.#nowMs
    checkRecord(start, end, timeMs)
    if (timeMs > arrivalMs + this.#maxAheadMs) return 'ahead'
    if (timeMs < this.#streamMs) return 'late'
    const keyed = this.#states.at(key, start, end)
    const state = stateOf(keyed)
    const { waiting } = state
    if (waiting.length >= MAX_OF_KEY) throw tooMany(keyed.key, MAX_OF_KEY, 'waiting records')
    insert(waiting, { timeMs, value })
    const streamMs = timeMs - this.#definition.disorderMs
    if (streamMs > this.#streamMs) {
      this.#streamMs = streamMs
      this.#isMoved = true
    }
    this.#settle(keyed, state)
    return 'taken'
  }

  /**
   * Takes the next row of the table. A late one counts from the time to which the table has come.
   * @param value null if the row was deleted
   * @returns late if the key has a newer row
   * @throws NoTime, NoKey, TooManyRecords, and what the states throw; nothing has changed then
   */
  addRow(
    key: Buffer,
    start: number,
    end: number,
    value: R | null,
    timeMs: number,
    arrivalMs: number,
  ): Placed {
    this.#rowsAt = this.#nowMs
    checkRecord(start, end, timeMs)
    if (timeMs > arrivalMs + this.#maxAheadMs) return 'ahead'
    const keyed = this.#states.at(key, start, end)
    const state = stateOf(keyed)
    const isLate = timeMs < this.#tableMs
    if (isLate && this.#hasNewer(state, timeMs)) return 'late'
    const { rows } = state
    if (rows.length >= MAX_OF_KEY) this.#makeRoom(keyed, state)
    const sinceMs = isLate ? this.#tableMs : timeMs
    rows.splice(rows.findLastIndex((one) => one.sinceMs <= sinceMs) + 1, 0, { timeMs, sinceMs, value })
    this.#settle(keyed, state)
    this.#advanceTable(timeMs - this.#definition.disorderMs)
    return 'taken'
  }

  /** Ends a batch: the times of the partition are a part of its states. */
  finish(nowMs: number): void {
    this.#nowMs = nowMs
    this.#room = MAX_DUE
    if (!this.#isMoved) return
    this.#isMoved = false
    const keyed = this.#states.at(PARTITION_KEY)
    const times = { streamMs: finite(this.#streamMs), tableMs: finite(this.#tableMs) }
    keyed.value = { rows: [], waiting: [], dueMs: null, ...times }
    this.#states.put(keyed)
  }

  /** Joins what earlier turns have left. Tells the time, whether records come or not. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs
    this.#room = MAX_DUE
    this.#takeDue()
    const clockMs = this.#clockMs(this.#rowsAt)
    const keyed = clockMs <= this.#tableMs ? undefined : this.#states.take('event', clockMs)
    if (keyed === undefined) return
    // Time moves only if a key needs it, so that idle partitions write nothing.
    this.#states.put(keyed)
    this.#advanceTable(clockMs)
    this.finish(nowMs)
  }

  /** Returns the time of an input by the clock; -Infinity while records come from it. */
  #clockMs(cameAt: number): number {
    const { idleMs = Infinity, disorderMs } = this.#definition
    return this.#nowMs - cameAt < idleMs ? -Infinity : this.#nowMs - idleMs - disorderMs
  }

  #hasNewer({ rows }: TableJoinState<V, R>, timeMs: number): boolean {
    const last = rows.at(-1)
    return last !== undefined && last.timeMs > timeMs && !this.#isForgotten(last)
  }

  /** Whether a deletion is so old, in the table's time, that it does not count any more. */
  #isForgotten({ value, sinceMs }: TableJoinState<V, R>['rows'][number]): boolean {
    return value === null && this.#tableMs >= sinceMs + DELETION_KEPT_MS
  }

  /** If the stream is idle, its time follows the clock, and rows that no record can need are let go. */
  #makeRoom(keyed: Keyed<TableJoinState<V, R>>, state: TableJoinState<V, R>): void {
    const streamMs = this.#clockMs(this.#recordsAt)
    if (streamMs > this.#streamMs) {
      this.#streamMs = streamMs
      this.#isMoved = true
      this.#letGo(state)
    }
    if (state.rows.length >= MAX_OF_KEY) throw tooMany(keyed.key, MAX_OF_KEY, 'versions of its row')
  }

  #advanceTable(ms: number): void {
    if (ms <= this.#tableMs) return
    this.#tableMs = ms
    this.#isMoved = true
    this.#takeDue()
  }

  #takeDue(): void {
    for (; this.#room > 0; this.#room--) {
      const keyed = this.#states.take('event', this.#tableMs)
      if (keyed === undefined) return
      this.#settle(keyed, keyed.value!)
    }
  }

  /** Joins the records whose times the table has passed, and lets go what is not needed any more. */
  #settle(keyed: Keyed<TableJoinState<V, R>>, state: TableJoinState<V, R>): void {
    const { rows, waiting } = state
    while (waiting.length > 0 && waiting[0].timeMs < this.#tableMs) {
      const { timeMs, value } = waiting.shift()!
      const row = rows.findLast(({ sinceMs }) => sinceMs <= timeMs)
      const result = this.#definition.join(value, row?.value ?? undefined, {
        key: keyed.key.toString(),
        timeMs,
      })
      if (result !== undefined) this.#emit(result, keyed.key)
    }
    this.#letGo(state)
    const isDeleted = waiting.length === 0 && rows.length === 1 && rows[0].value === null
    if (isDeleted && this.#isForgotten(rows[0]) && this.#streamMs >= rows[0].sinceMs) rows.pop()
    state.dueMs = this.#dueMs(state)
    keyed.value = rows.length + waiting.length === 0 ? undefined : state
    this.#states.put(keyed)
  }

  /** Lets go the versions of a row that no record can have any more. */
  #letGo({ rows, waiting }: TableJoinState<V, R>): void {
    const neededMs = Math.min(this.#streamMs, waiting.at(0)?.timeMs ?? Infinity)
    let unneeded = 0
    while (unneeded + 1 < rows.length && rows[unneeded + 1].sinceMs <= neededMs) unneeded++
    rows.splice(0, unneeded)
  }

  #dueMs({ rows, waiting }: TableJoinState<V, R>): number | null {
    if (waiting.length > 0) return waiting[0].timeMs + 1
    const isDeleted = rows.length === 1 && rows[0].value === null
    return isDeleted ? Math.max(rows[0].sinceMs, this.#tableMs) + DELETION_KEPT_MS : null
  }
}

const stateOf = <V, R>({ value }: Keyed<TableJoinState<V, R>>): TableJoinState<V, R> =>
  value ?? { rows: [], waiting: [], dueMs: null, streamMs: null, tableMs: null }
