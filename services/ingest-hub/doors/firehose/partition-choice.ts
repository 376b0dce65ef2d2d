/**
 * Chooses the partition for the records of a request, in one replica. Each partition of a delivery stream fills
 * objects of its own, so a slow delivery stream uses only one of them.
 */

/** A replica puts this much into a partition before it uses the next one (bytes a second). */
const BYTES_PER_SECOND = 1 << 20

export class PartitionChoice {
  readonly #first: number
  /** The bytes that each partition may still get now. */
  readonly #left: Float64Array
  #filledAt = performance.now()
  #turn = 0

  /** @param first the partition that is used first. It is the same in all replicas. */
  constructor(partitions: number, first: number) {
    this.#first = first
    this.#left = new Float64Array(partitions).fill(BYTES_PER_SECOND)
  }

  take(bytes: number, now = performance.now()): number {
    const left = this.#left
    const more = ((now - this.#filledAt) / 1000) * BYTES_PER_SECOND
    this.#filledAt = now
    for (let i = 0; i < left.length; i++) left[i] = Math.min(BYTES_PER_SECOND, left[i] + more)
    for (let i = 0; i < left.length; i++) {
      const partition = (this.#first + i) % left.length
      // A request may have more bytes than are left; the partition then waits until it has paid them back.
      if (left[partition] <= 0) continue
      left[partition] -= bytes
      return partition
    }
    this.#turn = (this.#turn + 1) % left.length
    return this.#turn
  }
}
