/** One series under one detector: readings in, scores and findings out, state as bytes in between. */
import { crc32 } from 'node:zlib'
import { StateError, StateReader, StateWriter } from './bytes.ts'
import type { CheckedSettings, Detector, Deviation, Model, Verdict } from './detector.ts'
import { type Change, Episode } from './episode.ts'
import { Guard } from './guard.ts'

/** A deviation when it has lasted long enough, and again when it has ended. */
export interface Finding {
  /** Equal for the two findings of a deviation; unique within the device. */
  readonly id: string
  readonly status: 'open' | 'resolved'
  readonly detector: string
  readonly sensor: string
  readonly unit: string | undefined
  /** When the deviation began and, if it has ended, the first usual reading. */
  readonly sinceMs: number
  readonly untilMs: number | undefined
  /** The range that was expected when the deviation was largest so far. Infinite: without a limit. */
  readonly expected: { readonly low: number; readonly high: number }
  /** The value at that time; undefined if readings are missing. */
  readonly seen: number | undefined
  /** The largest score so far, from 0.5 to 1. */
  readonly score: number
  /** One sentence. */
  readonly why: string
}

export interface SeriesOptions {
  readonly sensor: string
  /** The unit of values in sentences, such as °C. */
  readonly unit?: string
  /** State from `encode`. State that cannot be read is the state of a new series; `reset` says why. */
  readonly state?: Uint8Array | undefined
  /** Made by the detector's `shared`, for all series of a class. */
  readonly shared?: unknown
  /**
   * Silence is found by `tick` alone, and counts from this time on: before it, nobody listened. If not given, the
   * reading that ends a silence finds it, too.
   */
  readonly listeningSinceMs?: number
}

const VERSION = 1
const CHECKSUM_BYTES = 4

/** 0.5 at the limit, near 1 far beyond it: a logistic function of the logarithm of the excess. */
export const scoreOf = (excess: number): number => {
  const square = excess * excess
  return square === Infinity ? 1 : square / (1 + square)
}

export class Series {
  readonly #detector: Detector
  readonly #settings: CheckedSettings
  readonly #options: SeriesOptions
  #model: Model
  #guard = new Guard()
  #episode = new Episode()
  readonly #verdict: Verdict = { excess: 0, calm: 1, low: -Infinity, high: Infinity, sinceMs: Infinity }
  /** How many readings did not count since this object was made. */
  ignored = 0
  /** Why the given state was not used. */
  readonly reset: string | undefined

  constructor(detector: Detector, settings: CheckedSettings, options: SeriesOptions) {
    this.#detector = detector
    this.#settings = settings
    this.#options = options
    this.#model = detector.model(settings, options.shared)
    this.reset = options.state && this.#read(options.state)
  }

  /**
   * Takes a reading and returns its score from 0 to 1; above 0.5 it deviates. A reading that does not count
   * has 0. Appends what became of it to `found`.
   */
  feed(timeMs: number, value: number, found: Finding[]): number {
    if (!this.#guard.accepts(timeMs, value)) {
      this.ignored++
      return 0
    }
    if (this.#options.listeningSinceMs === undefined) {
      const due = this.#model.due?.(-Infinity)
      if (due !== undefined && due <= timeMs) this.tick(due, found)
    }
    const verdict = this.#fresh()
    this.#model.judge(timeMs, value, verdict)
    const change = this.#episode.take(timeMs, value, verdict, this.#settings)
    if (change !== undefined) found.push(this.#finding(change, timeMs))
    return scoreOf(verdict.excess)
  }

  /** The time at which `tick` is wanted if no reading comes before. */
  due(): number | undefined {
    return this.#episode.isOpen ? undefined : this.#model.due?.(this.#options.listeningSinceMs ?? -Infinity)
  }

  /** Tells the time, by the clock or by the events of other series. Times before `due` change nothing. */
  tick(nowMs: number, found: Finding[]): void {
    const due = this.due()
    if (due === undefined || nowMs < due) return
    const verdict = this.#fresh()
    this.#model.tick!(nowMs, verdict)
    const change = this.#episode.take(nowMs, Number.NaN, verdict, { ...this.#settings, duration: 0 })
    if (change !== undefined) found.push(this.#finding(change, nowMs))
  }

  encode(): Uint8Array {
    const to = new StateWriter()
    to.u8(VERSION)
    to.u8(this.#detector.code)
    this.#guard.write(to)
    this.#episode.write(to)
    this.#model.write(to)
    to.u32(crc32(to.finish()))
    return to.finish()
  }

  #read(state: Uint8Array): string | undefined {
    try {
      const body = state.subarray(0, Math.max(0, state.length - CHECKSUM_BYTES))
      const from = new StateReader(body)
      if (from.u8() !== VERSION) throw new StateError('it is of another version')
      if (from.u8() !== this.#detector.code) throw new StateError('it is of another detector')
      if (new StateReader(state.subarray(body.length)).u32() !== crc32(body))
        throw new StateError('its checksum is wrong')
      this.#guard.read(from)
      this.#episode.read(from)
      this.#model.read(from)
      return undefined
    } catch (error) {
      if (!(error instanceof StateError)) throw error
      this.#model = this.#detector.model(this.#settings, this.#options.shared)
      this.#guard = new Guard()
      this.#episode = new Episode()
      return `The state of ${this.#options.sensor} cannot be used, since ${error.message}; it begins anew.`
    }
  }

  #fresh(): Verdict {
    const verdict = this.#verdict
    verdict.excess = 0
    verdict.calm = 1
    verdict.low = -Infinity
    verdict.high = Infinity
    verdict.sinceMs = Infinity
    return verdict
  }

  #finding(change: Change & string, timeMs: number): Finding {
    const { sensor, unit } = this.#options
    const { sinceMs, low, high, value, peak, calmMs } = this.#episode
    const shown = (number: number): string => `${short(number)}${unit === undefined ? '' : ` ${unit}`}`
    const deviation: Deviation = { timeMs, value, sinceMs, low, high, shown }
    return {
      id: `${sensor}/${this.#detector.name}/${sinceMs}`,
      status: change,
      detector: this.#detector.name,
      sensor,
      unit,
      sinceMs,
      untilMs: change === 'resolved' ? calmMs : undefined,
      expected: { low, high },
      seen: Number.isNaN(value) ? undefined : value,
      score: scoreOf(peak),
      why: change === 'open' ? `${sensor} ${this.#model.why(deviation)}.` : ended(sensor, calmMs - sinceMs),
    }
  }
}

const ended = (sensor: string, lastedMs: number): string =>
  `${sensor} is as expected again after ${spoken(lastedMs)}.`

/** Five significant digits. */
const short = (value: number): string => String(Number(value.toPrecision(5)))

/** A duration for people: "12 s", "3 min", "2.5 h". */
export function spoken(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${Math.round(ms / 100) / 10} s`
  if (ms < 7_200_000) return `${Math.round(ms / 6_000) / 10} min`
  return `${Math.round(ms / 360_000) / 10} h`
}

/** Says which range a deviation was expected in: "60 to 70 °C". */
export function range({ low, high, shown }: Deviation): string {
  if (low === -Infinity) return `at most ${shown(high)}`
  if (high === Infinity) return `at least ${shown(low)}`
  return `${shown(low)} to ${shown(high)}`
}
