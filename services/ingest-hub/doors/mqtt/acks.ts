/** Acknowledgements of a client's messages of QoS 1, in the order of the messages (MQTT 5, section 4.6). */
import type { Outcome, Pending } from './inbox.ts'
import type { Output } from './output.ts'
import { PUBACK_BYTES, type Version, writePuback } from './packets.ts'

type Waiting = Pick<Pending, 'messageId' | 'outcome'>

export class Acks {
  version: Version = 4
  readonly #output: Output
  #waiting: Waiting[] = []

  constructor(output: Output) {
    this.#output = output
  }

  /** Messages that are not acknowledged yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  add(pending: Pending): void {
    this.#waiting.push(pending)
  }

  /** The message was refused before it was taken. */
  refused(messageId: number, outcome: Outcome): void {
    if (messageId === 0) return
    this.#waiting.push({ messageId, outcome })
    this.settled()
  }

  /** Acknowledges the messages whose outcome, and that of all before them, is known. */
  settled(): void {
    const waiting = this.#waiting
    let count = 0
    while (count < waiting.length && waiting[count].outcome !== undefined) count++
    if (count === 0) return
    this.#waiting = count === waiting.length ? [] : waiting.slice(count)
    let plain = 0
    const bytes = Buffer.allocUnsafe(count * PUBACK_BYTES)
    for (let i = 0; i < count; i++) {
      const { messageId, outcome } = waiting[i]
      // MQTT 3.1.1 cannot refuse a message: without an acknowledgement it would be sent again for ever.
      if (outcome!.reason === 0 || this.version === 4) {
        writePuback(bytes, plain, messageId)
        plain += PUBACK_BYTES
        continue
      }
      if (plain > 0) this.#output.writeBytes(Buffer.from(bytes.subarray(0, plain)))
      plain = 0
      const { reason, message: reasonString } = outcome!
      this.#output.write({ cmd: 'puback', messageId, reasonCode: reason, properties: { reasonString } })
    }
    if (plain > 0) this.#output.writeBytes(bytes.subarray(0, plain))
  }
}
