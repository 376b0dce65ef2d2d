/**
 * The session of a client that is connected here. Its queue is the log: for each partition of the messages it
 * has a position. At the end of the log, messages are passed to it as they arrive. If the client is slow, or
 * was away, the session reads from its position until it is at the end again.
 */
import type { DeviceSession } from '@weir/contracts'
import type { Fed } from '../retained/feed.ts'
import type { StoredMessage } from './messages.ts'
import type { Subscribed } from './table.ts'

/** The client's connection, as the session sees it. */
export interface Sink {
  /** Messages of QoS 1 that the client takes before it acknowledges any. */
  readonly receiveMaximum: number
  /** False while the client reads too slowly. */
  readonly hasRoom: boolean
  /** False if the message is dropped, because it is too large for the client, or of QoS 0 and the client is slow. */
  send(message: StoredMessage, qos: number, identifiers: readonly number[], messageId: number): boolean
  /** The session went to another connection of the client. */
  takenOver(): void
}

interface Sent {
  readonly partition: number
  readonly offset: number
}

const MAX_MESSAGE_ID = 65_535
/** A client that subscribes this often without taking what it gets must subscribe again later. */
const MAX_FEEDS = 50
/** The place of messages that are not in the log. */
const UNLOGGED: Sent = { partition: -1, offset: 0 }

export class Session {
  record: DeviceSession
  readonly sink: Sink
  /** Undefined in partitions in which the session is at the end of the log. */
  readonly #behind: (number | undefined)[]
  /** Offsets below these were read for the session before the replica came to them. */
  readonly #from: number[] = []
  readonly #sent = new Map<number, Sent>()
  readonly #read: (session: Session, partition: number, offset: number) => void
  readonly #position: (partition: number) => number
  /** Retained messages that wait until the client takes them. */
  readonly #fed: Iterator<Fed>[] = []
  #lastId = 0
  #closed = false

  /**
   * @param positions where the session was when the client left; empty if it begins at the end of the log
   * @param read reads the log for the session from the offset, until there is no room or it is at the end
   * @param position the position of the replica in a partition
   */
  constructor(
    record: DeviceSession,
    sink: Sink,
    partitions: number,
    read: (session: Session, partition: number, offset: number) => void,
    position: (partition: number) => number,
  ) {
    this.record = record
    this.sink = sink
    this.#read = read
    this.#position = position
    this.#behind = Array.from({ length: partitions }, (_, partition) => record.positions[partition])
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get hasRoom(): boolean {
    return !this.#closed && this.#sent.size < this.sink.receiveMaximum && this.sink.hasRoom
  }

  /** Reads on where the session is behind. */
  resume(): void {
    for (const [partition, offset] of this.#behind.entries())
      if (offset !== undefined) this.#read(this, partition, offset)
    this.#feed()
  }

  /** Sends messages that are not in the log, as there is room for them. */
  feed(source: Iterator<Fed>): void {
    if (this.#fed.length >= MAX_FEEDS) return
    this.#fed.push(source)
    if (this.#fed.length === 1) this.#feed()
  }

  #feed(): void {
    while (this.#fed.length > 0 && this.hasRoom) {
      const { value, done } = this.#fed[0].next()
      if (done === true) this.#fed.shift()
      else if (value === undefined) return void setImmediate(() => this.#feed())
      else {
        const { message, by } = value
        const qos = qosOf(message, by)
        if (qos === 0) this.sink.send(message, 0, identifiersOf(by), 0)
        else if (qos === 1) this.#send(message, by, UNLOGGED)
      }
    }
  }

  close(): void {
    this.#closed = true
  }

  /** Where the session would have to go on after the client was away. */
  positions(): number[] {
    const positions = this.#behind.map((offset, partition) => offset ?? this.#position(partition))
    for (const { partition, offset } of this.#sent.values())
      if (partition >= 0) positions[partition] = Math.min(positions[partition], offset)
    return positions
  }

  /** A message that has just been stored. */
  arrived(message: StoredMessage, by: readonly Subscribed[], partition: number, offset: number): void {
    const qos = qosOf(message, by)
    if (qos === undefined) return
    if (qos === 0) this.sink.send(asLive(message, by), 0, identifiersOf(by), 0)
    else if (this.#behind[partition] === undefined && offset >= (this.#from[partition] ?? 0)) {
      if (this.hasRoom) this.#send(asLive(message, by), by, { partition, offset })
      else this.#behind[partition] = offset
    }
  }

  /** A message that was read for this session. False if there is no room for it. */
  caughtUp(message: StoredMessage, by: readonly Subscribed[], partition: number, offset: number): boolean {
    if (qosOf(message, by) !== 1) return true
    if (!this.hasRoom) return false
    this.#send(asLive(message, by), by, { partition, offset })
    return true
  }

  /** The session has read up to the offset. */
  readTo(partition: number, offset: number, isEnd: boolean): void {
    this.#behind[partition] = isEnd ? undefined : offset
    this.#from[partition] = offset
  }

  acknowledged(messageId: number): void {
    const isHalfFree = this.#sent.delete(messageId) && this.#sent.size <= this.sink.receiveMaximum / 2
    if (isHalfFree) this.resume()
  }

  #send(message: StoredMessage, by: readonly Subscribed[], place: Sent): void {
    do this.#lastId = (this.#lastId % MAX_MESSAGE_ID) + 1
    while (this.#sent.has(this.#lastId))
    if (this.sink.send(message, 1, identifiersOf(by), this.#lastId)) this.#sent.set(this.#lastId, place)
  }
}

/** Only retained messages for a new subscription have the flag, unless the subscription asks for it. */
const asLive = (message: StoredMessage, by: readonly Subscribed[]): StoredMessage =>
  message.retain && !by.some(({ subscription }) => subscription.retainAsPublished)
    ? { ...message, retain: false }
    : message

/** Undefined if the subscriptions leave the message out. */
function qosOf({ qos, clientId }: StoredMessage, by: readonly Subscribed[]): number | undefined {
  let greatest: number | undefined
  for (const { subscription, clientId: to } of by) {
    if (subscription.noLocal && clientId === to) continue
    greatest = Math.max(greatest ?? 0, Math.min(qos, subscription.qos))
  }
  return greatest
}

const identifiersOf = (by: readonly Subscribed[]): number[] =>
  by.flatMap(({ subscription: { identifier } }) => (identifier > 0 ? identifier : []))
