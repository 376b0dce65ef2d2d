/** One deviation of a series from its beginning to its end, of which only the two ends are findings. */
import type { StateReader, StateWriter } from './bytes.ts'
import type { CommonSettings, Verdict } from './detector.ts'

export type Change = 'open' | 'resolved' | undefined

const USUAL = 0
const PENDING = 1
const OPEN = 2

export class Episode {
  #phase = USUAL
  /** Number of usual readings since the last that deviated. */
  #calm = 0
  /** The time of the first of them. */
  calmMs = 0
  sinceMs = 0
  /** The reading with the largest excess. */
  peak = 0
  value = 0
  low = 0
  high = 0

  get isOpen(): boolean {
    return this.#phase === OPEN
  }

  /** Takes the verdict on a reading; returns what it changes. */
  take(timeMs: number, value: number, verdict: Verdict, { duration, recovery }: CommonSettings): Change {
    const { excess } = verdict
    if (this.#phase === USUAL && !(excess > 1)) return undefined
    if (this.#phase !== USUAL && !(excess > verdict.calm)) return this.#settle(timeMs, recovery)
    if (this.#phase === USUAL) {
      this.#phase = PENDING
      this.sinceMs = Math.min(timeMs, verdict.sinceMs)
      this.peak = 0
    }
    // The clock of the device was set back.
    if (timeMs < this.sinceMs) this.sinceMs = timeMs
    this.#calm = 0
    if (excess > this.peak) {
      this.peak = excess
      this.value = value
      this.low = verdict.low
      this.high = verdict.high
    }
    if (this.#phase === OPEN || timeMs - this.sinceMs < duration) return undefined
    this.#phase = OPEN
    return 'open'
  }

  #settle(timeMs: number, recovery: number): Change {
    if (this.#phase === PENDING) {
      this.#phase = USUAL
      return undefined
    }
    if (this.#calm++ === 0) this.calmMs = timeMs
    if (this.#calm < recovery) return undefined
    this.#phase = USUAL
    this.#calm = 0
    return 'resolved'
  }

  write(to: StateWriter): void {
    to.u8(this.#phase)
    if (this.#phase === USUAL) return
    to.u16(this.#calm)
    for (const value of [this.calmMs, this.sinceMs, this.peak, this.value, this.low, this.high]) to.f64(value)
  }

  read(from: StateReader): void {
    this.#phase = from.u8()
    if (this.#phase === USUAL) return
    this.#calm = from.u16()
    this.calmMs = from.f64()
    this.sinceMs = from.f64()
    this.peak = from.f64()
    this.value = from.f64()
    this.low = from.f64()
    this.high = from.f64()
  }
}
