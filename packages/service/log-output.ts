/**
 * Where log lines go. Nothing that happens to the log ends the process or holds it up: on a full disk lines wait until there is room, and are lost once too many
 * wait. (Pino's own destination ends the process by an error that nobody listens to, and waits for room for ever when the process wants to end.)
 */
import { write, writeSync } from 'node:fs'

const MAX_WAITING_BYTES = 4 << 20
/** After a failure (ms). */
const RETRY_MS = 1000
/** A pipe that is full takes more as soon as its reader goes on (ms). */
const PIPE_RETRY_MS = 20
/** How long the end of the process may wait for such a reader (ms). */
const MAX_END_MS = 1000

export class LogOutput {
  /** Called after lines were lost, when lines can be written again. */
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
    // Until then flushSync() may take the lines: one that is logged right before the end of the process is not lost.
    queueMicrotask(() => this.#send())
  }

  /** Writes what waits. Called by pino after a fatal line, and before the process ends; gives up where nothing is taken. */
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
