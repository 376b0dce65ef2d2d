/** The archive of a function, as the control log describes it. */

export interface Archive {
  /**
   * SHA-256 in hex, a hyphen, and eight more digits: uploads of the same bytes are kept apart, so that
   * removing one never removes another.
   */
  readonly id: string
  /** SHA-256 in hex. */
  readonly sha256: string
  readonly bytes: number
}

/**
 * The entry of an archive. It is written before the parts, so that parts which no function uses can be found
 * through it.
 */
export interface StoredArchive extends Archive {
  /** The parts are at this offset of weir.functions.code or later. */
  readonly offset: number
  /** ms since the epoch */
  readonly storedAt: number
  /** Its parts are being removed: no function may refer to it any more. */
  readonly leaving?: true
}

/** Bytes of a part. A record with one part fits into every topic that Weir creates. */
export const PART_BYTES = 512 << 10

export function partsOf({ bytes }: Archive): number {
  return Math.ceil(bytes / PART_BYTES)
}
