/**
 * Collects bodies until they are complete. Chunks are copied into slabs that are reused, so the chunks' own
 * buffers die young and the garbage collector frees them at once. If the chunks were kept, they would pile up
 * outside the heap between its rare full collections, and no memory budget would hold.
 */

export const SLAB_BYTES = 64 << 10

/** Idle slabs kept for reuse: at most 8 MiB. */
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

  /** Copies the whole body to the beginning of `target`. */
  copyTo(target: Buffer): void {
    for (let at = 0; at < this.length; at += SLAB_BYTES)
      this.#slabs[at / SLAB_BYTES].copy(target, at, 0, Math.min(SLAB_BYTES, this.length - at))
  }

  /** Returns the slabs for reuse and discards the body. */
  release(): void {
    idle.push(...this.#slabs.splice(0, MAX_IDLE - idle.length))
    this.#slabs.length = 0
    this.length = 0
  }
}

/** Bytes of memory for a body of `bytes` bytes. */
export function slabBytes(bytes: number): number {
  return Math.ceil(bytes / SLAB_BYTES) * SLAB_BYTES
}
