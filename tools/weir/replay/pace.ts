/** When an event of a replay is due. */
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../command.ts'
import type { Survey } from './survey.ts'

/** Event time passes that many times as fast as real time; Infinity: as fast as the hub takes it. */
export function readSpeed(text: string): number {
  if (text === 'max') return Infinity
  const speed = Number(text.replace(/x$/i, ''))
  if (!(speed > 0) || speed > 1e6) throw new UsageError(`--speed is "${text}"; it must be like 1x, 10x, 0.5x or max.`)
  return speed
}

/** Added to every time of the file, so that the last event happens at the moment it is sent: now, or when the paced run ends. */
export const shiftToNow = ({ first, last }: Survey, speed: number, now: number): number => Math.round(now + (last - first) / speed - last)

/** The shortest wait worth a timer, ms: what is due within it goes out together. */
const TICK = 50

/** Waits until an event of the file is due. */
export class Pace {
  readonly #first: number
  readonly #speed: number
  #started = NaN

  constructor({ first }: Survey, speed: number) {
    this.#first = first
    this.#speed = speed
  }

  /** Milliseconds to wait for an event of that time; 0 where it is due or nearly. */
  wait(time: number, now: number): number {
    if (Number.isNaN(this.#started)) this.#started = now
    const wait = this.#started + (time - this.#first) / this.#speed - now
    return wait >= TICK ? wait : 0
  }

  async until(time: number, signal: AbortSignal): Promise<void> {
    for (let wait = this.wait(time, performance.now()); wait > 0 && !signal.aborted; wait = this.wait(time, performance.now())) {
      await sleep(Math.min(wait, 60_000), undefined, { signal }).catch(() => {})
    }
  }
}
