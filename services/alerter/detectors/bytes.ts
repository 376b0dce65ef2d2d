/** Reads and writes the state of detectors: numbers in little-endian order, one after the other. */

/** State that this version cannot read. The message says why. */
export class StateError extends Error {
  override readonly name = 'StateError'
}

const FIRST_BYTES = 256

export class StateWriter {
  #bytes = new Uint8Array(FIRST_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  u8(value: number): void {
    const at = this.#take(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number): void {
    const at = this.#take(2)
    this.#view.setUint16(at, value, true)
  }

  u32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value, true)
  }

  f32(value: number): void {
    const at = this.#take(4)
    this.#view.setFloat32(at, value, true)
  }

  f64(value: number): void {
    const at = this.#take(8)
    this.#view.setFloat64(at, value, true)
  }

  bytes(value: Uint8Array): void {
    const at = this.#take(value.length)
    this.#bytes.set(value, at)
  }

  /** The bytes that were written. They are a view: writing on invalidates it. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Replaces the view if it grows: take first. */
  #take(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return at
  }
}

export class StateReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  /** The next bytes, as a view. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** A number of things that follow. */
  count(most: number): number {
    const count = this.u32()
    if (count > most) throw new StateError(`it has ${count} parts where at most ${most} fit`)
    return count
  }

  get left(): number {
    return this.#view.byteLength - this.#at
  }

  #take(size: number): number {
    const at = this.#at
    this.#at += size
    if (this.#at > this.#view.byteLength) throw new StateError('it ends too early')
    return at
  }
}
