/** Writes packets to the client of a connection, within a bound. */
import type { Duplex } from 'node:stream'
import { Counter, metrics } from '@weir/service'
import type { IConnectPacket, Packet } from 'mqtt-packet'
import type { StoredMessage } from '../../devices/sessions/messages.ts'
import type { Sink } from '../../devices/sessions/session.ts'
import { LIMITS } from './limits.ts'
import { encode, type Version } from './packets.ts'

const dropped = new Counter({
  name: 'weir_mqtt_dropped_messages_total',
  help: 'Messages of QoS 0 that were not sent to subscribers because they read too slowly, or take no packets of this size.',
  registers: [metrics],
})

export class Output implements Sink {
  version: Version = 4
  receiveMaximum: number = LIMITS.outFlight
  readonly #wire: Duplex
  #maxBytes = Infinity
  #takenOver: () => void = () => {}
  /** Since when something waits for the client to read it. */
  #unreadSince: number | undefined

  constructor(wire: Duplex) {
    this.#wire = wire
  }

  /** Takes the bounds of the client from its CONNECT. */
  open({ properties }: IConnectPacket, takenOver: () => void): void {
    this.receiveMaximum = Math.min(LIMITS.outFlight, properties?.receiveMaximum || LIMITS.outFlight)
    this.#maxBytes = properties?.maximumPacketSize || Infinity
    this.#takenOver = takenOver
  }

  get hasRoom(): boolean {
    return this.#wire.writableLength <= LIMITS.outputBytes
  }

  takenOver(): void {
    this.#takenOver()
  }

  write(packet: Packet): void {
    this.writeBytes(encode(packet, this.version))
  }

  writeBytes(bytes: Buffer): void {
    if (this.#wire.writableEnded || this.#wire.destroyed) return
    if (!this.#wire.write(bytes)) this.#unreadSince ??= performance.now()
    // A client that makes the door answer and reads none of it.
    if (this.#wire.writableLength > 4 * LIMITS.outputBytes) this.#wire.destroy()
  }

  drained(): void {
    this.#unreadSince = undefined
  }

  /** How long the client has not read what waits for it. */
  unreadMs(now: number): number {
    return this.#unreadSince === undefined ? 0 : now - this.#unreadSince
  }

  send(message: StoredMessage, qos: number, identifiers: readonly number[], messageId: number): boolean {
    const bytes =
      qos === 0 && !this.hasRoom ? undefined : this.#encoded(message, qos as 0 | 1, identifiers, messageId)
    if (bytes === undefined || bytes.length > this.#maxBytes) {
      dropped.inc()
      return false
    }
    this.writeBytes(bytes)
    return true
  }

  #encoded(
    { topic, payload, properties, retain }: StoredMessage,
    qos: 0 | 1,
    identifiers: readonly number[],
    messageId: number,
  ): Buffer {
    const passedOn = {
      ...properties,
      ...(identifiers.length > 0 && { subscriptionIdentifier: [...identifiers] }),
    }
    return encode(
      {
        cmd: 'publish',
        topic,
        payload,
        qos,
        dup: false,
        retain,
        ...(qos > 0 && { messageId }),
        ...(this.version === 5 && Object.keys(passedOn).length > 0 && { properties: passedOn }),
      },
      this.version,
    )
  }
}
