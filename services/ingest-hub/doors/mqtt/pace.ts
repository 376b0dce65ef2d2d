/** The rate at which a connection is read: so many packets and bytes in a second, and as many at once. */
import { LIMITS } from './limits.ts'

export class Pace {
  #packets: number = LIMITS.packetsPerSecond
  #bytes: number = LIMITS.bytesPerSecond
  #at = performance.now()

  /** Takes note of a packet. */
  count(bytes: number): void {
    this.#packets--
    this.#bytes -= bytes
  }

  /** Milliseconds until the next packet may be read; 0 if it may be read now. */
  waitMs(now: number): number {
    if (this.#packets > 0 && this.#bytes > 0) return 0
    const seconds = (now - this.#at) / 1000
    this.#at = now
    this.#packets = Math.min(LIMITS.packetsPerSecond, this.#packets + seconds * LIMITS.packetsPerSecond)
    this.#bytes = Math.min(LIMITS.bytesPerSecond, this.#bytes + seconds * LIMITS.bytesPerSecond)
    if (this.#packets > 0 && this.#bytes > 0) return 0
    return Math.max(
      1,
      Math.ceil((1000 * (1 - this.#packets)) / LIMITS.packetsPerSecond),
      Math.ceil((1000 * (1 - this.#bytes)) / LIMITS.bytesPerSecond),
    )
  }
}
