/**
 * A small seeded generator (sfc32 of PractRand): four 32-bit words of state, no multiplication, and the same
 * numbers on every machine.
 */

const WARM_UP = 12

export class Random {
  /** The whole state; write it to continue a sequence. */
  readonly words = new Int32Array(4)

  /** @param seed a whole number; its low 32 bits count */
  constructor(seed: number) {
    this.words.set([seed | 0, 0x9e3779b9 | 0, 0x243f6a88, 1])
    for (let i = 0; i < WARM_UP; i++) this.next()
  }

  /** A number above 0 and below 1. */
  next(): number {
    const words = this.words
    const b = words[1]
    const c = words[2]
    const result = (((words[0] + b) | 0) + words[3]) | 0
    words[3] = (words[3] + 1) | 0
    words[0] = b ^ (b >>> 9)
    words[1] = (c + (c << 3)) | 0
    words[2] = (((c << 21) | (c >>> 11)) + result) | 0
    return ((result >>> 0) + 0.5) / 4_294_967_296
  }
}
