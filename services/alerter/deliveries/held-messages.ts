import type { StoredMessage } from './delivery.ts'

/** Counts the messages that unfinished deliveries of this replica hold in memory. */
export class HeldMessages {
  #bytes = 0
  #count = 0
  readonly #holders = new Map<StoredMessage, number>()

  /** Above this, deliveries that find their receiver busy wait in Kafka. */
  static readonly MAX_QUEUED_BYTES = 32 << 20
  /** Above these, no more messages are read. */
  static readonly MAX_BYTES = 64 << 20
  static readonly MAX_DELIVERIES = 100_000

  readonly mayQueue = (): boolean => this.#bytes < HeldMessages.MAX_QUEUED_BYTES

  get isFull(): boolean {
    return this.#bytes > HeldMessages.MAX_BYTES || this.#count > HeldMessages.MAX_DELIVERIES
  }

  /** Counts deliveries, and their message once for all of them, until they have ended. */
  async until(message: StoredMessage | undefined, deliveries: readonly Promise<void>[]): Promise<void> {
    this.#count += deliveries.length
    if (message !== undefined) this.#hold(message, 1)
    const results = await Promise.allSettled(deliveries)
    this.#count -= deliveries.length
    if (message !== undefined) this.#hold(message, -1)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  #hold(message: StoredMessage, change: 1 | -1): void {
    const before = this.#holders.get(message) ?? 0
    if (before === 0) this.#bytes += message.bytes
    if (before + change > 0) this.#holders.set(message, before + change)
    else {
      this.#holders.delete(message)
      this.#bytes -= message.bytes
    }
  }
}
