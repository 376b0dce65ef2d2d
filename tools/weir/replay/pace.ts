/** Computes when an event of a replay is due. */
import { pause } from '@weir/timing'
import { UsageError } from '../command.ts'
import { decimal } from '../number.ts'
import { duration } from '../terminal/table.ts'
import type { Survey } from './survey.ts'
import { timeText } from './time.ts'

type Span = Pick<Survey, 'first' | 'last'>
type SpanWithLines = Pick<Survey, 'first' | 'firstLine' | 'last' | 'lastLine'>

/** Reads a speed: the ratio of event time to real time. Infinity sends as fast as the hub takes records. */
export function readSpeed(text: string): number {
  if (text === 'max') return Infinity
  const speed = decimal(text.replace(/x$/i, ''))
  if (!(speed > 0) || speed > 1e6)
    throw new UsageError(`--speed is "${text}"; it must be max or a factor such as 1x, 10x or 0.5x.`)
  return speed
}

/**
 * The shift added to every time in the file, so that the last event happens at the moment it is sent: now, or
 * when the paced run ends.
 */
export const shiftToNow = ({ first, last }: Span, speed: number, now: number): number =>
  Math.round(now + (last - first) / speed - last)

/** Duration of a paced run, ms. */
export const runLength = ({ first, last }: Span, speed: number): number => (last - first) / speed

/** The longest paced run. A longer one is refused: the file or the speed is a mistake. */
const MAX_RUN_MS = 31 * 86_400_000

/** Throws if the run would take longer than MAX_RUN_MS. */
export function checkLength({ first, firstLine, last, lastLine }: SpanWithLines, speed: number): void {
  const length = runLength({ first, last }, speed)
  if (length <= MAX_RUN_MS) return
  const span = `the first time is ${timeText(first)} on line ${firstLine}, the last ${timeText(last)} on line ${lastLine}`
  throw new UsageError(
    `At --speed ${speed}x this would take ${duration(length)}: ${span}. Replay it faster, or without those lines.`,
  )
}

/** The shortest wait worth a timer, ms: events due within it go out together. */
const TICK = 50

/** Waits until an event of the file is due. */
export class Pace {
  readonly #first: number
  readonly #length: number
  readonly #speed: number
  #started = NaN

  constructor(span: Span, speed: number) {
    this.#first = span.first
    this.#length = runLength(span, speed)
    this.#speed = speed
  }

  /** Returns the milliseconds to wait for an event of this time; 0 if it is due or nearly so. */
  wait(time: number, now: number): number {
    if (Number.isNaN(this.#started)) this.#started = now
    const wait = this.#started + (time - this.#first) / this.#speed - now
    return wait >= TICK ? wait : 0
  }

  /**
   * Returns the elapsed share of the run's time, 0 to 1. Counts of events do not show it: there may be a long
   * wait before the last one.
   */
  passed(now: number): number {
    if (Number.isNaN(this.#started)) return 0
    return this.#length === 0 ? 1 : Math.min(1, (now - this.#started) / this.#length)
  }

  async until(time: number, signal: AbortSignal): Promise<void> {
    for (
      let wait = this.wait(time, performance.now());
      wait > 0 && !signal.aborted;
      wait = this.wait(time, performance.now())
    ) {
      await pause(Math.min(wait, 60_000), signal)
    }
  }
}
