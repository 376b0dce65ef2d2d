/** The retained messages in memory, within bounds. */
import type { DeviceMessage as MessageRecord } from '@weir/contracts'
import type { DeviceMessage } from '../message.ts'
import { messageOf, type StoredMessage } from '../sessions/messages.ts'

const MAX_MESSAGES = 10_000
const MAX_BYTES = 16 << 20
/** Memory that a message takes besides its texts. */
const MESSAGE_BYTES = 512
/** How often a full store looks for messages that have expired. */
const SWEEP_MS = 1000

interface Entry {
  readonly record: MessageRecord
  readonly bytes: number
}

export class RetainedStore {
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  #sweptAt = 0

  get size(): number {
    return this.#entries.size
  }

  topics(): Iterable<string> {
    return this.#entries.keys()
  }

  /** Undefined if nothing is retained for the topic, or it has expired. */
  get(topic: string): StoredMessage | undefined {
    const entry = this.#entries.get(topic)
    const message = entry && messageOf(entry.record, Date.now())
    if (entry !== undefined && message === undefined) this.delete(topic)
    return message
  }

  /** Null deletes. A message beyond the bounds is left out. */
  set(topic: string, record: MessageRecord | null): void {
    this.delete(topic)
    if (record === null || messageOf(record, Date.now()) === undefined) return
    const bytes =
      record.payload.length + 2 * (topic.length + (record.properties?.length ?? 0)) + MESSAGE_BYTES
    if (!this.#fits(bytes)) return
    // The record's bytes belong to a batch that would stay in memory with it.
    this.#entries.set(topic, { record: { ...record, payload: Buffer.from(record.payload) }, bytes })
    this.#bytes += bytes
  }

  delete(topic: string): void {
    this.#bytes -= this.#entries.get(topic)?.bytes ?? 0
    this.#entries.delete(topic)
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  /** Whether the message may be retained. One that replaces or deletes another always may. */
  hasRoomFor({ topic, payload }: DeviceMessage): boolean {
    if (payload.length === 0 || this.#entries.has(topic)) return true
    if (this.#fits(payload.length + MESSAGE_BYTES)) return true
    this.#sweep()
    return this.#fits(payload.length + MESSAGE_BYTES)
  }

  /** Forgets what has expired. */
  #sweep(): void {
    const now = Date.now()
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const topic of [...this.#entries.keys()]) this.get(topic)
  }

  #fits(bytes: number): boolean {
    return this.#entries.size < MAX_MESSAGES && this.#bytes + bytes <= MAX_BYTES
  }
}
