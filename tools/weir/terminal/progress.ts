/** One line of progress on stderr: rewritten in place on a terminal, a line every two seconds elsewhere. */
import { duration, thousands } from './table.ts'

const TERMINAL_EVERY = 200
const LOG_EVERY = 2_000

export interface Done {
  readonly what: string
  /** Records finished. */
  readonly records: number
  /** 0 to 1. */
  readonly fraction: number
  /** An additional note, for instance why progress has stalled. */
  readonly note?: string | undefined
}

export class Progress {
  readonly #read: () => Done
  readonly #timer: NodeJS.Timeout
  readonly #terminal = process.stderr.isTTY === true
  #what = ''
  #started = performance.now()
  #lastRecords = 0
  #lastTime = this.#started
  #shown = false

  constructor(read: () => Done) {
    this.#read = read
    this.#timer = setInterval(() => this.#show(), this.#terminal ? TERMINAL_EVERY : LOG_EVERY)
  }

  stop(): void {
    clearInterval(this.#timer)
    if (this.#shown && this.#terminal) process.stderr.write('\r\x1b[K')
  }

  #show(): void {
    const done = this.#read()
    const now = performance.now()
    if (done.what !== this.#what) {
      this.#what = done.what
      this.#started = now - (this.#terminal ? TERMINAL_EVERY : LOG_EVERY)
      this.#lastTime = this.#started
      this.#lastRecords = 0
    }
    const rate = ((done.records - this.#lastRecords) / (now - this.#lastTime)) * 1000
    if (now - this.#lastTime > 1_000) {
      this.#lastRecords = done.records
      this.#lastTime = now
    }
    const left =
      done.fraction > 0.005 ? ((now - this.#started) / done.fraction) * (1 - done.fraction) : undefined
    const line = [
      `${done.what} ${thousands(done.records)} records`,
      `${thousands(Math.round(rate))}/s`,
      `${Math.floor(done.fraction * 100)} %`,
      ...(left === undefined ? [] : [`${duration(left)} left`]),
      ...(done.note ? [done.note] : []),
    ].join('  ')
    this.#shown = true
    process.stderr.write(
      this.#terminal ? `\r${line.slice(0, (process.stderr.columns ?? 80) - 1)}\x1b[K` : `${line}\n`,
    )
  }
}
