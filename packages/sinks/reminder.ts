/** A lasting problem is reported once, and again every two minutes. */
const AGAIN_MS = 120_000
/** The maximum number of kinds remembered. */
const MAX_KINDS = 100

export class Reminder {
  readonly #saidAt = new Map<string, number>()

  /** Whether to report this kind of problem now. */
  due(kind: string, now = Date.now()): boolean {
    const saidAt = this.#saidAt.get(kind)
    if (saidAt !== undefined && now - saidAt < AGAIN_MS) return false
    if (this.#saidAt.size >= MAX_KINDS) this.#saidAt.clear()
    this.#saidAt.set(kind, now)
    return true
  }

  /** The problem is over: the next one is reported at once. */
  forget(): void {
    this.#saidAt.clear()
  }
}
