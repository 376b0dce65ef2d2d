/**
 * Sequence numbers: (generation << 64) + offset, in decimal. The generation counts the reshardings of a stream from 1, so whatever is written to a child has a
 * larger number than everything in its parents, in whichever partition it lies.
 */

const GENERATION_BITS = 64n
const LOW_BITS = (1n << GENERATION_BITS) - 1n
/** Digits that a number carries exactly beside an offset. */
const LOW_DIGITS = 12
const LOW = 10 ** LOW_DIGITS
/** Kinesis' own: up to 129 digits (service model, SequenceNumber); ours have fewer. */
const PATTERN = /^(0|[1-9]\d{0,128})$/

/** Formats the sequence numbers of one generation; no big number per record. */
export class SequenceNumbers {
  readonly #high: bigint
  readonly #low: number
  #carried = -1
  #prefix = ''

  constructor(generation: number) {
    const base = BigInt(generation) << GENERATION_BITS
    this.#high = base / BigInt(LOW)
    this.#low = Number(base % BigInt(LOW))
  }

  /** The number below that of the offset: after it, reading goes on there. */
  before(offset: number): string {
    return offset > 0 ? this.at(offset - 1) : String(this.#high * BigInt(LOW) + BigInt(this.#low) - 1n)
  }

  at(offset: number): string {
    const low = this.#low + (offset % LOW)
    const carry = Math.floor(offset / LOW) + (low >= LOW ? 1 : 0)
    if (carry !== this.#carried) {
      this.#carried = carry
      this.#prefix = String(this.#high + BigInt(carry))
    }
    return this.#prefix + String(low >= LOW ? low - LOW : low).padStart(LOW_DIGITS, '0')
  }
}

export interface Position {
  readonly generation: number
  /** -1: before the generation's first. */
  readonly offset: number
}

/** Undefined for what is no sequence number of any stream. */
export function parseSequenceNumber(text: string): Position | undefined {
  if (!PATTERN.test(text)) return undefined
  const value = BigInt(text)
  const low = value & LOW_BITS
  const generation = Number(value >> GENERATION_BITS) + (low === LOW_BITS ? 1 : 0)
  const offset = low === LOW_BITS ? -1 : Number(low)
  return Number.isSafeInteger(generation) && Number.isSafeInteger(offset) ? { generation, offset } : undefined
}
