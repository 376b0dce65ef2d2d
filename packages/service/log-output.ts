/**
 * Writes log lines without ever ending the process or blocking it. On a full disk, lines wait until there is
 * room, and are dropped once too many wait. Pino's own destination (sonic-boom 4) throws on a full disk; its
 * flushSync(), which pino calls after a fatal line and at exit, then never returns.
 */
import { write, writeSync } from 'node:fs'

const MAX_WAITING_BYTES = 4 << 20
/** The pause before the retry after a failure (ms). */
const RETRY_MS = 1000
/** The pause while a pipe is full (ms): it has room as soon as its reader continues. */
const PIPE_RETRY_MS = 20
/** At exit, the process waits at most this long for such a reader (ms). */
const MAX_END_MS = 1000

export class LogOutput {
  /** Called with the number of lost lines, once lines can be written again. */
  onLost: (lines: number) => void = () => {}
  readonly #fd: number
  readonly #maxWaitingBytes: number
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #lost = 0
  #toldAt = -Infinity
  #busy = false

  constructor(fd: number, maxWaitingBytes = MAX_WAITING_BYTES) {
    this.#fd = fd
    this.#maxWaitingBytes = maxWaitingBytes
  }

  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) {
      this.#lost++
      return
    }
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#busy) return
    this.#busy = true
    // Until the microtask runs, flushSync() may take the lines, so that a line logged right before the
    // process ends is not lost.
    queueMicrotask(() => this.#send())
  }

  /** Writes all waiting lines, or gives up. Pino calls it after a fatal line. */
  flushSync(): void {
    const deadline = Date.now() + MAX_END_MS
    while (this.#waiting.length > 0) {
      const bytes = this.#take()
      try {
        this.#putBack(bytes.subarray(writeSync(this.#fd, bytes)))
      } catch (error) {
        this.#putBack(bytes)
        if (!isBusy(error) || Date.now() > deadline) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_RETRY_MS)
      }
    }
  }

  #send(): void {
    if (this.#waiting.length === 0) {
      this.#busy = false
      return
    }
    const bytes = this.#take()
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      this.#putBack(bytes.subarray(error ? 0 : written))
      if (error) {
        setTimeout(() => this.#send(), isBusy(error) ? PIPE_RETRY_MS : RETRY_MS).unref()
        return
      }
      this.#tellLost()
      this.#send()
    })
  }

  #tellLost(): void {
    const now = performance.now()
    if (this.#lost === 0 || now - this.#toldAt < RETRY_MS) return
    const lost = this.#lost
    this.#lost = 0
    this.#toldAt = now
    this.onLost(lost)
  }

  #take(): Buffer {
    const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    return bytes
  }

  #putBack(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#waiting.unshift(bytes)
    this.#waitingBytes += bytes.length
  }
}

const isBusy = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN'
