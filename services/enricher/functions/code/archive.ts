/** Where the archive of a function is: what the control log says of it. */

export interface Archive {
  /**
   * SHA-256 in hex, a hyphen, and eight more digits: uploads of the same bytes are kept apart, so that removing one
   * never takes another away.
   */
  readonly id: string
  /** SHA-256 in hex. */
  readonly sha256: string
  readonly bytes: number
}

/**
 * The entry of an archive, which is written before its parts are: what no function refers to any more is found
 * again by it.
 */
export interface StoredArchive extends Archive {
  /** Of the topic weir.functions.code: the parts come at this offset or later. */
  readonly offset: number
  /** ms since the epoch */
  readonly storedAt: number
  /** Its parts are being removed: no function may refer to it any more. */
  readonly leaving?: true
}

/** Bytes of a part. A record with it fits into every topic as Weir makes them. */
export const PART_BYTES = 512 << 10

export function partsOf({ bytes }: Archive): number {
  return Math.ceil(bytes / PART_BYTES)
}
