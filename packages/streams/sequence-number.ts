/**
 * Sequence numbers in the layout that Kinesis itself uses, so that tools which parse them find what they
 * expect. From the highest hexadecimal digit on: 2, nine digits for the second in which the shard was
 * created, one for the shard, sixteen for the record's place in the shard (from 1), two zeros, nine digits
 * for the second in which the record arrived, eight for the shard, and 2 for the version. The numbers are
 * unique in a stream. They increase within a shard, and from parents to children, since a child's second of
 * creation is made larger than its parents'. Writers and readers compute the same number, since the topics
 * stamp the arrival time.
 */

/** The properties of a shard that its sequence numbers are made of. */
export interface NumberedShard {
  readonly id: string
  /** Offset of its first record. */
  readonly from: number
  /** Seconds since the epoch; larger than its parents'. */
  readonly createdSecond: number
}

const VERSION = 2n
const TOP = 2n << 184n
const CREATED_AT = 148n
const DIGIT_AT = 144n
const PLACE_AT = 80n
const ONE_PLACE = 1n << PLACE_AT
const ARRIVED_AT = 36n
const SHARD_AT = 4n
const mask = (bits: bigint): bigint => (1n << bits) - 1n

/** The pattern of Kinesis: up to 129 digits (service model, SequenceNumber). The numbers here have 56. */
const PATTERN = /^(0|[1-9]\d{0,128})$/

/** Formats the sequence numbers of one shard. */
export class SequenceNumbers {
  readonly #base: bigint
  readonly #from: number
  #second = -1
  #withSecond = 0n
  #offset = -2
  #number = 0n

  constructor({ id, from, createdSecond }: NumberedShard) {
    const shard = BigInt(shardNumber(id))
    this.#from = from
    this.#base =
      TOP |
      (BigInt(createdSecond) << CREATED_AT) |
      ((shard & 15n) << DIGIT_AT) |
      (shard << SHARD_AT) |
      VERSION
  }

  /** @param time the arrival time, ms since the epoch */
  at(offset: number, time: number): string {
    const second = Math.floor(time / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#withSecond = this.#base | (BigInt(second) << ARRIVED_AT)
      this.#offset = -2
    }
    // Most records come one after the other.
    this.#number =
      offset === this.#offset + 1
        ? this.#number + ONE_PLACE
        : this.#withSecond + (BigInt(offset - this.#from + 1) << PLACE_AT)
    this.#offset = offset
    return String(this.#number)
  }

  /**
   * Returns a number below that of the record at the offset, and above those before it in all but the time.
   * Reading after it continues at that record.
   */
  before(offset: number, time: number): string {
    return this.at(offset - 1, time)
  }

  /** A number below every record of the shard. */
  get start(): string {
    return String(this.#base | (((this.#base >> CREATED_AT) & mask(36n)) << ARRIVED_AT))
  }

  /** Returns a number above every record of the shard. */
  end(time: number): string {
    return String(this.#base | (mask(63n) << PLACE_AT) | (BigInt(Math.floor(time / 1000)) << ARRIVED_AT))
  }
}

export interface SequencePosition {
  readonly shard: number
  readonly createdSecond: number
  /** Counts from 1; 0 is the place before the first record. */
  readonly place: number
  readonly arrivedSecond: number
}

/** Returns undefined if the text is not a sequence number of this layout. */
export function parseSequenceNumber(text: string): SequencePosition | undefined {
  if (!PATTERN.test(text)) return undefined
  const value = BigInt(text)
  const field = (at: bigint, bits: bigint): number => Number((value >> at) & mask(bits))
  const shard = field(SHARD_AT, 32n)
  if (
    value >> 184n !== 2n ||
    (value & 15n) !== VERSION ||
    field(DIGIT_AT, 4n) !== (shard & 15) ||
    field(143n, 1n) !== 0 ||
    shard > 0x7fffffff
  )
    return undefined
  return {
    shard,
    createdSecond: field(CREATED_AT, 36n),
    place: field(PLACE_AT, 63n),
    arrivedSecond: field(ARRIVED_AT, 36n),
  }
}

export function shardNumber(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1))
}
