/**
 * Decides which readings of a series count. Values and times that are no numbers, values beyond all sensors,
 * a second reading of the same time and readings that come late are ignored. A device whose clock was set
 * back would be ignored for as long as the clock was ahead; so 32 readings in a row that are late but in
 * order among themselves are the new time.
 */
import type { StateReader, StateWriter } from './bytes.ts'

/** No sensor measures more. Squares and sums of such values are far from overflow. */
export const MAX_MAGNITUDE = 1e12
/** The last time that a Date can have. */
const MAX_TIME_MS = 8.64e15
const READINGS_OF_A_NEW_TIME = 32

export class Guard {
  #lastMs = -1
  #stepMs = -1
  #steps = 0

  accepts(timeMs: number, value: number): boolean {
    // Written so that NaN is refused.
    if (!(value >= -MAX_MAGNITUDE && value <= MAX_MAGNITUDE)) return false
    if (!(timeMs >= 0 && timeMs <= MAX_TIME_MS)) return false
    if (timeMs > this.#lastMs) this.#steps = 0
    else if (timeMs === this.#lastMs || !this.#isNewTime(timeMs)) return false
    this.#lastMs = timeMs
    return true
  }

  #isNewTime(timeMs: number): boolean {
    this.#steps = this.#steps > 0 && timeMs > this.#stepMs ? this.#steps + 1 : 1
    this.#stepMs = timeMs
    if (this.#steps < READINGS_OF_A_NEW_TIME) return false
    this.#steps = 0
    return true
  }

  write(to: StateWriter): void {
    to.f64(this.#lastMs)
    to.f64(this.#stepMs)
    to.u8(this.#steps)
  }

  read(from: StateReader): void {
    this.#lastMs = from.f64()
    this.#stepMs = from.f64()
    this.#steps = from.u8()
  }
}
