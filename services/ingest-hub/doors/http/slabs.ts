/**
 * Where bodies wait until they are whole. Chunks are copied off into slabs that are used again: the chunks'
 * own buffers then die young, where the collector frees them at once. Kept, they would pile up outside of the
 * heap between its rare full collections, and no budget would hold.
 */

export const SLAB_BYTES = 64 << 10

/** What lies idle is at most 8 MiB. */
const MAX_IDLE = 128
const idle: Buffer[] = []

export class BodySlabs {
  readonly #slabs: Buffer[] = []
  /** Bytes of the body so far. */
  length = 0

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      const used = this.length % SLAB_BYTES
      if (used === 0) this.#slabs.push(idle.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES))
      const copied = chunk.copy(this.#slabs[this.#slabs.length - 1], used, at)
      at += copied
      this.length += copied
    }
  }

  /** Puts the body together at the beginning of `target`. */
  copyTo(target: Buffer): void {
    for (let at = 0; at < this.length; at += SLAB_BYTES)
      this.#slabs[at / SLAB_BYTES].copy(target, at, 0, Math.min(SLAB_BYTES, this.length - at))
  }

  /** Gives the slabs back. The body is gone. */
  release(): void {
    idle.push(...this.#slabs.splice(0, MAX_IDLE - idle.length))
    this.#slabs.length = 0
    this.length = 0
  }
}

/** What a body of that many bytes takes up. */
export function slabBytes(bytes: number): number {
  return Math.ceil(bytes / SLAB_BYTES) * SLAB_BYTES
}
