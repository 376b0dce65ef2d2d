/** One connection of a client: reads its packets in order, and answers them in order. */
import type { Duplex } from 'node:stream'
import type { IConnectPacket, Packet } from 'mqtt-packet'
import type { Session } from '../../devices/sessions/session.ts'
import { Acks } from './acks.ts'
import { connack, expiryOf } from './connack.ts'
import type { Door } from './door.ts'
import { Frames } from './frames.ts'
import type { Pending, Sender } from './inbox.ts'
import { LIMITS } from './limits.ts'
import { type Login, logIn, type Origin } from './login.ts'
import { Output } from './output.ts'
import { Pace } from './pace.ts'
import { PacketReader, type Publish, type Received } from './packets.ts'
import { Publishing } from './publishing.ts'
import { REASON, type Reason, Refusal, returnCodeOf } from './reasons.ts'
import { subscribe, unsubscribe } from './subscribing.ts'
import { willOf } from './will.ts'

type Will = ReturnType<typeof willOf> | undefined

/** The first byte of CONNECT. */
const CONNECT = 0x10

export class Connection implements Sender {
  readonly #door: Door
  readonly #wire: Duplex
  readonly #origin: Origin
  /** Notes that the client has shown that it is let in. False if there is no room for it. */
  readonly #admit: (principal: string) => boolean
  readonly #frames = new Frames()
  readonly #reader = new PacketReader()
  readonly #pace = new Pace()
  readonly #acks: Acks
  readonly #output: Output
  #publishing: Publishing | undefined
  #login: Login | undefined
  #session: Session | undefined
  #connect: IConnectPacket | undefined
  #will: Will = undefined
  /** A message that there was no room for. */
  #held: Publish | undefined
  /** Whether a packet is being handled that those after it must wait for. */
  #isBusy = false
  #isPaused = false
  #isEnded = false
  #resumeTimer: NodeJS.Timeout | undefined
  #expirySeconds = 0
  #keepAliveMs = Infinity
  #seenAt = performance.now()
  /** Memory that a packet takes which has not arrived whole. */
  #partialBytes = 0

  constructor(door: Door, wire: Duplex, origin: Origin, admit: (principal: string) => boolean) {
    this.#door = door
    this.#wire = wire
    this.#origin = origin
    this.#admit = admit
    this.#output = new Output(wire)
    this.#acks = new Acks(this.#output)
    wire.on('data', (chunk: Buffer) => this.#arrived(chunk))
    wire.on('drain', () => {
      this.#output.drained()
      this.#session?.resume()
    })
    wire.on('error', () => wire.destroy())
    wire.on('end', () => wire.destroy())
    wire.on('close', () => this.#closed())
  }

  get isConnected(): boolean {
    return this.#session !== undefined && !this.#isEnded
  }

  /** Ends the connection if its client was silent or does not read; lets it go on if it was held up. */
  look(now: number): void {
    if (this.#isEnded) return
    if (now - this.#seenAt > this.#keepAliveMs)
      return this.end(
        new Refusal(REASON.keepAliveTimeout, 'No packet came within one and a half times the keep alive.'),
      )
    if (this.#output.unreadMs(now) > LIMITS.unreadMs) return void this.#wire.destroy()
    if (this.#login !== undefined && this.#login.client === undefined)
      this.end(new Refusal(REASON.notAuthorized, 'The key of this connection is no longer valid.'))
  }

  /** Tells the client why, and closes. */
  end({ reason, message }: { readonly reason: Reason; readonly message: string }): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { version } = this.#reader
    if (this.#connect !== undefined && this.#session === undefined) {
      const returnCode = returnCodeOf(reason)
      if (version === 5)
        this.#output.write({
          cmd: 'connack',
          sessionPresent: false,
          reasonCode: reason,
          properties: { reasonString: message },
        })
      else if (returnCode !== undefined)
        this.#output.write({ cmd: 'connack', sessionPresent: false, returnCode })
    } else if (this.#connect === undefined && reason === REASON.unsupportedVersion) {
      // A client of another version understands no more than the first code.
      this.#output.write({ cmd: 'connack', sessionPresent: false, returnCode: 1 })
    } else if (version === 5 && this.#session !== undefined)
      this.#output.write({ cmd: 'disconnect', reasonCode: reason, properties: { reasonString: message } })
    this.#door.log.debug(
      { clientId: this.#login?.clientId, reason, message },
      'a connection of a device is closed',
    )
    this.#wire.end()
    // A client that does not close its side is not waited for.
    setTimeout(() => this.#wire.destroy(), 1000).unref()
  }

  settled(): void {
    this.#acks.settled()
    if (this.#isPaused) this.retry()
  }

  failed(): void {
    this.end({ reason: REASON.serverUnavailable, message: 'A message could not be stored; send it again.' })
  }

  retry(): void {
    if (this.#isEnded) return
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#try(() => this.#publish(held))
    this.#work()
  }

  #arrived(chunk: Buffer): void {
    if (this.#isEnded) return
    this.#seenAt = performance.now()
    this.#frames.push(chunk)
    this.#work()
  }

  /** Handles packets until there is none, or the next one has to wait. */
  #work(): void {
    while (!this.#isEnded) {
      if (this.#mustWait()) return this.#pause()
      const frame = this.#next()
      if (frame === undefined) break
      this.#pace.count(frame.length)
      this.#try(() => this.#handle(this.#reader.read(frame)))
    }
    this.#resume()
  }

  #mustWait(): boolean {
    if (this.#isBusy || this.#held !== undefined) return true
    // Some clients of version 5 exceed the receive maximum that they are told, so it is no more than a bound for
    // them too.
    if (this.#acks.waiting >= LIMITS.inFlight) return true
    const waitMs = this.#pace.waitMs(performance.now())
    if (waitMs > 0 && this.#resumeTimer === undefined)
      this.#resumeTimer = setTimeout(() => {
        this.#resumeTimer = undefined
        this.#work()
      }, waitMs)
    return waitMs > 0
  }

  #next(): Buffer | undefined {
    let frame: Buffer | undefined
    this.#try(() => {
      if (this.#session === undefined && (this.#frames.type ?? CONNECT) >> 4 !== CONNECT >> 4)
        throw new Refusal(REASON.protocolError, 'The first packet must be CONNECT.')
      frame = this.#frames.next(this.#session === undefined ? LIMITS.connectBytes : LIMITS.packetBytes)
      this.#cover(this.#frames.partialBytes)
    })
    return frame
  }

  /** Counts the memory of a packet that has not arrived whole. */
  #cover(bytes: number): void {
    if (bytes === this.#partialBytes || this.#login === undefined) return
    const isRoom = this.#door.admission.take(`mqtt ${this.#login.principal}`, bytes - this.#partialBytes)
    if (!isRoom) throw new Refusal(REASON.quotaExceeded, 'There is no room for a packet of this size now.')
    this.#partialBytes = bytes
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#wire.pause()
  }

  #resume(): void {
    if (!this.#isPaused || this.#isEnded) return
    this.#isPaused = false
    this.#wire.resume()
  }

  #try(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (error instanceof Refusal) return this.end(error)
      this.#door.log.error({ err: error }, 'a packet of a device cannot be handled')
      this.end({ reason: REASON.serverUnavailable, message: 'The packet cannot be handled.' })
    }
  }

  /** Those that come later wait until the work is done. */
  #wait(work: Promise<void>): void {
    this.#isBusy = true
    work
      .catch((error: unknown) => {
        if (error instanceof Refusal) return this.end(error)
        this.#door.log.warn({ err: error }, 'a packet of a device cannot be handled')
        this.end({ reason: REASON.serverUnavailable, message: 'The session cannot be stored now.' })
      })
      .finally(() => {
        this.#isBusy = false
        this.#work()
      })
  }

  #handle(packet: Received): void {
    if (this.#session === undefined) {
      return this.#wait(this.#open(packet as IConnectPacket))
    }
    switch (packet.cmd) {
      case 'publish':
        return this.#publish(packet)
      case 'puback':
        return this.#session.acknowledged(packet.messageId ?? 0)
      case 'subscribe':
        return this.#wait(subscribe(packet, this.#context))
      case 'unsubscribe':
        return this.#wait(unsubscribe(packet, this.#context))
      case 'pingreq':
        return this.#output.write({ cmd: 'pingresp' })
      case 'disconnect': {
        const expiry = packet.properties?.sessionExpiryInterval
        if (expiry !== undefined) {
          if (expiry > 0 && this.#expirySeconds === 0)
            throw new Refusal(REASON.protocolError, 'A session that ends with its connection cannot be kept.')
          this.#expirySeconds = Math.min(expiry, LIMITS.sessionExpirySeconds)
        }
        if (packet.reasonCode !== 0x04) this.#will = undefined
        this.#isEnded = true
        return void this.#wire.end()
      }
      default:
        throw new Refusal(REASON.protocolError, `A client must not send ${packet.cmd.toUpperCase()} here.`)
    }
  }

  get #context() {
    const { version } = this.#reader
    return {
      session: this.#session!,
      login: this.#login!,
      sessions: this.#door.sessions,
      version: version!,
      write: (packet: Packet) => this.#output.write(packet),
    }
  }

  async #open(packet: IConnectPacket): Promise<void> {
    const version = packet.protocolVersion === 5 ? 5 : 4
    this.#reader.version = version
    this.#output.version = version
    this.#connect = packet
    if (packet.protocolVersion === 3)
      throw new Refusal(REASON.unsupportedVersion, 'This door speaks MQTT 3.1.1 and 5.')
    const { door, login } = { door: this.#door, login: logIn(packet, this.#origin, this.#door.access) }
    const { clientId, principal } = login
    if (!this.#admit(principal))
      throw new Refusal(REASON.quotaExceeded, 'This key has no room for another connection.')
    if (door.sessions.belongsToOther(clientId, principal))
      throw new Refusal(REASON.notAuthorized, 'Another key has a session with this client id.')
    this.#login = login
    this.#expirySeconds = expiryOf(packet)
    this.#output.open(packet, () =>
      this.end({ reason: REASON.takenOver, message: 'The client has another connection.' }),
    )
    door.wills.cancel(clientId)
    const { session, present } = await door.sessions.open({
      clientId,
      principal,
      clean: packet.clean ?? true,
      expirySeconds: this.#expirySeconds,
      sink: this.#output,
    })
    if (this.#isEnded || this.#wire.destroyed) return door.sessions.close(session, 0)
    this.#session = session
    this.#publishing = new Publishing(version, login)
    this.#will = packet.will && willOf(packet.will, login)
    const { answer, keepAliveSeconds } = connack(packet, login.clientId, present, this.#expirySeconds)
    this.#keepAliveMs = keepAliveSeconds * 1500
    this.#seenAt = performance.now()
    this.#acks.version = version
    this.#output.write(answer)
    session.resume()
  }

  #publish(packet: Publish): void {
    const message = this.#publishing!.messageOf(packet)
    if (!('topic' in message)) return this.#acks.refused(packet.messageId, message)
    const pending: Pending | undefined = this.#door.inbox.take(message, packet.messageId, this)
    if (pending === undefined) this.#held = packet
    else if (packet.qos > 0) this.#acks.add(pending)
  }

  #closed(): void {
    this.#isEnded = true
    clearTimeout(this.#resumeTimer)
    this.#door.closed(this)
    if (this.#login !== undefined && this.#partialBytes > 0)
      this.#door.admission.take(`mqtt ${this.#login.principal}`, -this.#partialBytes)
    const session = this.#session
    if (session === undefined) return
    const isTakenOver = session.isClosed
    this.#door.sessions.close(session, this.#expirySeconds)
    const will = this.#will
    // A will with a delay is for clients that stay away, and this one is back already.
    if (will === undefined || (isTakenOver && will.delaySeconds > 0)) return
    const delaySeconds = Math.min(will.delaySeconds, this.#expirySeconds)
    this.#door.wills.publish(will.message, session.record.clientId, delaySeconds)
  }
}
