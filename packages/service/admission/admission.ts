/**
 * Bounds the memory that all requests take together: bodies as they arrive, the objects made of them, and
 * answers until they are read.
 */

/** A request without its body and its answer: headers, streams, objects. */
const REQUEST_BYTES = 16 << 10
/** The bound for all requests whose clients have not shown a valid key. They take nothing from the budget. */
const MAX_UNKNOWN_BYTES = 4 << 20
/** The longest body that is read from such a client. */
export const MAX_UNKNOWN_BODY_BYTES = 64 << 10
/**
 * A client may hold this many times the bytes that are still free. A single client gets three quarters of the
 * budget, two get three sevenths each, and a newcomer always finds room (the dynamic thresholds of Choudhury
 * and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998).
 */
const SHARE = 3
/** The part of its client's remaining room that a single request gets if it takes as much as it can. */
const ONE_PART = 3 / 4

export class Admission {
  readonly #budgetBytes: number
  readonly #elsewhere: () => number
  readonly #clients = new Map<string, number>()
  #knownBytes = 0
  #unknownBytes = 0

  /**
   * @param elsewhere returns the bytes that were taken over from requests and still count, such as records
   * that Kafka has not stored yet
   */
  constructor(budgetBytes: number, elsewhere: () => number = () => 0) {
    this.#budgetBytes = budgetBytes
    this.#elsewhere = elsewhere
  }

  /** Bytes of the budget in use. */
  get usedBytes(): number {
    return this.#knownBytes + this.#elsewhere()
  }

  /** Returns the lease of a new request. It holds nothing until `identify` or `cover` is called. */
  lease(): Lease {
    return new Lease(this)
  }

  /**
   * Takes `bytes` more for the client (undefined: an unknown one), or returns them if negative. False if
   * there is no room.
   */
  take(client: string | undefined, bytes: number): boolean {
    if (client === undefined) {
      if (bytes > 0 && this.#unknownBytes + bytes > MAX_UNKNOWN_BYTES) return false
      this.#unknownBytes += bytes
      return true
    }
    const held = this.#clients.get(client) ?? 0
    if (bytes > 0 && held + bytes > SHARE * (this.#budgetBytes - this.usedBytes - bytes)) return false
    this.#knownBytes += bytes
    if (held + bytes > 0) this.#clients.set(client, held + bytes)
    else this.#clients.delete(client)
    return true
  }

  /** Returns the most bytes that `take` would give the client now. */
  roomFor(client: string): number {
    const free = this.#budgetBytes - this.usedBytes
    return Math.max(0, Math.floor((SHARE * free - (this.#clients.get(client) ?? 0)) / (1 + SHARE)))
  }
}

/**
 * The part of the budget that a request holds from its headers until its answer is written and all work on it
 * has ended. A released lease takes nothing more: nothing would return it.
 */
export class Lease {
  readonly #admission: Admission
  #client: string | undefined
  #heldBytes = 0
  #released = false

  constructor(admission: Admission) {
    this.#admission = admission
  }

  /** Whether the client has shown a valid key. */
  get known(): boolean {
    return this.#client !== undefined
  }

  /**
   * Counts the request as the client's from now on. False if the client has no room left; the lease then
   * stays as it was.
   */
  identify(client: string): boolean {
    if (this.#released) return false
    if (this.#client === client) return true
    const bytes = Math.max(this.#heldBytes, REQUEST_BYTES)
    if (!this.#admission.take(client, bytes)) return false
    this.#admission.take(this.#client, -this.#heldBytes)
    this.#client = client
    this.#heldBytes = bytes
    return true
  }

  /**
   * Makes the lease cover `bytes` in addition to the request itself, more or fewer than before. False if
   * there is no room for more.
   */
  cover(bytes: number): boolean {
    if (this.#released) return false
    const more = REQUEST_BYTES + bytes - this.#heldBytes
    if (more !== 0 && !this.#admission.take(this.#client, more)) return false
    this.#heldBytes += more
    return true
  }

  /**
   * Covers `wanted` bytes, or as many as there is room for, and returns that number; 0 if there is room for
   * fewer than `least`. Leaves part of the client's room to its other requests.
   */
  coverUpTo(wanted: number, least: number): number {
    const room =
      this.#client === undefined
        ? 0
        : Math.floor(ONE_PART * this.#admission.roomFor(this.#client)) + this.#heldBytes - REQUEST_BYTES
    const bytes = Math.min(wanted, room)
    return bytes >= least && this.cover(bytes) ? bytes : 0
  }

  release(): void {
    this.#admission.take(this.#client, -this.#heldBytes)
    this.#heldBytes = 0
    this.#released = true
  }
}
