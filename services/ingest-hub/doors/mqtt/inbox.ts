/**
 * Messages on their way from clients to what they lead to. All that arrive in one turn of the event loop are
 * one batch, so that no message needs a promise of its own.
 */
import { type Admission, Counter, metrics, type Stage } from '@weir/service'
import { Refused } from '../../devices/devices.ts'
import type { DeviceMessage, DeviceMessages } from '../../devices/message.ts'
import { MESSAGE_BYTES } from './limits.ts'
import { REASON } from './reasons.ts'

/** A message whose outcome is not known yet. */
export interface Pending {
  readonly sender: Sender
  /** 0 for QoS 0. */
  readonly messageId: number
  /** Undefined until the outcome is known. */
  outcome: Outcome | undefined
}

export interface Outcome {
  readonly reason: number
  readonly message: string | undefined
}

export interface Sender {
  /** One or more of the sender's messages have an outcome. */
  settled(): void
  /** A message could not be stored, but may be stored if it is sent again. */
  failed(): void
  /** There may be room again for a message that was not taken. */
  retry(): void
}

/** The memory that the messages of one key take. */
interface Room {
  readonly account: string
  bytes: number
}

const STORED: Outcome = { reason: REASON.success, message: undefined }
/** Batches that are not stored yet may have this many messages together, beside the bound of their bytes. */
const MAX_MESSAGES = 50_000

const refusals = new Counter({
  name: 'weir_mqtt_refused_messages_total',
  help: 'Messages of devices that were not stored because their payload does not fit the contract.',
  registers: [metrics],
})

const unstored = new Counter({
  name: 'weir_mqtt_unstored_messages_total',
  help: 'Messages of devices and of MQTT brokers that could not be stored; those of QoS 1 are sent again.',
  registers: [metrics],
})

export class Inbox {
  readonly #devices: DeviceMessages
  readonly #admission: Admission
  readonly #stage: Stage
  readonly #waiting = new Set<Sender>()
  #messages: DeviceMessage[] = []
  #pending: Pending[] = []
  #rooms = new Map<string, Room>()
  #open = 0
  #idle: (() => void) | undefined

  constructor(devices: DeviceMessages, admission: Admission, stage: Stage) {
    this.#devices = devices
    this.#admission = admission
    this.#stage = stage
  }

  /**
   * Takes a message. Undefined if there is no room for it now: the sender reads no further, and is called
   * when it may try again.
   */
  take(message: DeviceMessage, messageId: number, sender: Sender): Pending | undefined {
    const bytes = message.payload.length + message.topic.length + MESSAGE_BYTES
    const room = this.#roomOf(message.principal)
    if (this.#open >= MAX_MESSAGES || !this.#admission.take(room.account, bytes)) {
      this.#waiting.add(sender)
      return undefined
    }
    this.#open++
    room.bytes += bytes
    const pending: Pending = { sender, messageId, outcome: undefined }
    if (this.#messages.length === 0) setImmediate(() => void this.#flush())
    this.#messages.push(message)
    this.#pending.push(pending)
    return pending
  }

  /** Lets those that wait for room try again. */
  retry(): void {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const sender of waiting) sender.retry()
  }

  /** Resolves when no message waits for its outcome. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve
      if (this.#open === 0) resolve()
    })
  }

  /** Returns the room that the messages of a key take in the next batch. */
  #roomOf(principal: string): Room {
    let room = this.#rooms.get(principal)
    if (room === undefined) this.#rooms.set(principal, (room = { account: `mqtt ${principal}`, bytes: 0 }))
    return room
  }

  /** This is not a part of `#flush`, which would hold the messages until they are stored. */
  #publish(): Promise<readonly (Error | undefined)[]> {
    const messages = this.#messages
    this.#messages = []
    return this.#devices.publish(messages)
  }

  async #flush(): Promise<void> {
    const pending = this.#pending
    const rooms = this.#rooms
    this.#pending = []
    this.#rooms = new Map()
    const began = performance.now()
    const outcomes = await this.#publish().catch((error: Error) => pending.map(() => error))
    for (const { account, bytes } of rooms.values()) this.#admission.take(account, -bytes)
    const senders = new Set<Sender>()
    let stored = 0
    for (let i = 0; i < pending.length; i++) {
      const one = pending[i]
      const error = outcomes[i]
      if (error === undefined) {
        stored++
        one.outcome = STORED
      } else if (error instanceof Refused) {
        refusals.inc()
        one.outcome = { reason: REASON.invalidPayload, message: error.message }
      } else {
        unstored.inc()
        if (one.messageId > 0) one.sender.failed()
        continue
      }
      if (one.messageId > 0) senders.add(one.sender)
    }
    this.#open -= pending.length
    this.#stage.done(stored)
    this.#stage.failed(pending.length - stored)
    this.#stage.latency(performance.now() - began, stored)
    for (const sender of senders) sender.settled()
    this.retry()
    if (this.#open === 0) this.#idle?.()
  }
}
