/** States in memory alone, to try out what is built on states: without Kafka, and for as many keys as a file has. */
import type { Keyed } from './keyed-state.ts'
import { NO_TIMERS, type TimerKind, type Timers } from './timers.ts'

interface Entry<V> {
  readonly keyed: Keyed<V>
  /** Those of the value when it was put. */
  readonly timers: Timers
}

export class MemoryStates<V> {
  readonly #timers: (value: V) => Timers
  readonly #states = new Map<string, Entry<V>>()
  /** No key is due before these times. */
  readonly #next: Record<TimerKind, number> = { event: Infinity, clock: Infinity }

  constructor(timers: (value: V) => Timers) {
    this.#timers = timers
  }

  at(key: Buffer, start = 0, end = key.length): Keyed<V> {
    const text = key.toString('latin1', start, end)
    const entry = this.#states.get(text)
    if (entry !== undefined) return entry.keyed
    const keyed = { key: Buffer.from(key.subarray(start, end)), value: undefined }
    this.#states.set(text, { keyed, timers: NO_TIMERS })
    return keyed
  }

  put(keyed: Keyed<V>): void {
    const text = keyed.key.toString('latin1')
    if (keyed.value === undefined) {
      this.#states.delete(text)
      return
    }
    const timers = this.#timers(keyed.value)
    this.#states.set(text, { keyed, timers })
    for (const [kind, time] of Object.entries(timers) as [TimerKind, number][])
      this.#next[kind] = Math.min(this.#next[kind], time)
  }

  take(kind: TimerKind, until: number): Keyed<V> | undefined {
    return this.due(kind, until, -Infinity)[0]
  }

  due(kind: TimerKind, until: number, after: number): Keyed<V>[] {
    if (until < this.#next[kind]) return []
    const due: { readonly time: number; readonly keyed: Keyed<V> }[] = []
    this.#next[kind] = Infinity
    for (const { keyed, timers } of this.#states.values()) {
      const time = timers[kind]
      this.#next[kind] = Math.min(this.#next[kind], time)
      if (time <= until && time > after) due.push({ time, keyed })
    }
    due.sort((a, b) => a.time - b.time || a.keyed.key.compare(b.keyed.key))
    return due.map(({ keyed }) => keyed)
  }
}
