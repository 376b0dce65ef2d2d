/** A trouble that lasts is news once, and worth a line every two minutes from then on. */
const AGAIN_MS = 120_000
/** Kinds remembered at once. */
const MAX_KINDS = 100

export class Reminder {
  readonly #saidAt = new Map<string, number>()

  /** Whether this kind of trouble is to be told now. */
  due(kind: string, now = Date.now()): boolean {
    const saidAt = this.#saidAt.get(kind)
    if (saidAt !== undefined && now - saidAt < AGAIN_MS) return false
    if (this.#saidAt.size >= MAX_KINDS) this.#saidAt.clear()
    this.#saidAt.set(kind, now)
    return true
  }

  /** The trouble is over: the next one is news. */
  forget(): void {
    this.#saidAt.clear()
  }
}
