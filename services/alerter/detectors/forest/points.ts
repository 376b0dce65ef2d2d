/** The points that the trees of a forest have in their samples, each stored once and counted. */

const FIRST_CAPACITY = 512

export class Points {
  readonly dimensions: number
  /** Values of all points, one after the other. It is replaced when it grows: do not keep it. */
  values: Float32Array
  #references: Uint16Array
  #free: number[] = []
  #used = 0

  constructor(dimensions: number) {
    this.dimensions = dimensions
    this.values = new Float32Array(FIRST_CAPACITY * dimensions)
    this.#references = new Uint16Array(FIRST_CAPACITY)
  }

  /** Stores a point that no tree refers to yet. */
  add(point: Float32Array): number {
    const slot = this.#free.pop() ?? this.#used++
    if (slot * this.dimensions === this.values.length) this.#grow()
    this.values.set(point, slot * this.dimensions)
    return slot
  }

  retain(slot: number): void {
    this.#references[slot]++
  }

  /** The slot is free for another point after its last release. */
  release(slot: number): void {
    if (--this.#references[slot] === 0) this.#free.push(slot)
  }

  /** Frees a slot that no tree took. */
  releaseUnused(slot: number): void {
    if (this.#references[slot] === 0) this.#free.push(slot)
  }

  equals(slot: number, point: Float32Array): boolean {
    const at = slot * this.dimensions
    for (let d = 0; d < this.dimensions; d++) if (this.values[at + d] !== point[d]) return false
    return true
  }

  #grow(): void {
    const values = new Float32Array(this.values.length * 2)
    values.set(this.values)
    this.values = values
    const references = new Uint16Array(this.#references.length * 2)
    references.set(this.#references)
    this.#references = references
  }
}
