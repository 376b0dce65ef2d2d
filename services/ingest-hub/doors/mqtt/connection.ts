/** One connection of a client: reads its packets in order, and answers them in order. */
import type { Duplex } from 'node:stream'
import type { IConnectPacket, Packet } from 'mqtt-packet'
import type { Session } from '../../devices/sessions/session.ts'
import { Acks } from './acks.ts'
import { connack, expiryOf } from './connack.ts'
import type { Door } from './door.ts'
import type { Pending, Sender } from './inbox.ts'
import { Inlet } from './inlet.ts'
import { LIMITS } from './limits.ts'
import { type Login, logIn, type Origin } from './login.ts'
import { Output } from './output.ts'
import { Pace } from './pace.ts'
import { PacketReader, type Publish, type Received } from './packets.ts'
import { Publishing } from './publishing.ts'
import { countRefusedLogin, farewellOf, REASON, type Reason, Refusal } from './reasons.ts'
import { subscribe, unsubscribe } from './subscribing.ts'
import { willOf } from './will.ts'

type Will = ReturnType<typeof willOf> | undefined

export class Connection implements Sender {
  readonly #door: Door
  readonly #wire: Duplex
  readonly #origin: Origin
  /** Notes that the client has shown that it is let in. False if there is no room for it. */
  readonly #admit: (principal: string) => boolean
  readonly #reader = new PacketReader()
  readonly #inlet: Inlet
  readonly #acks: Acks
  readonly #output: Output
  #publishing: Publishing | undefined
  #login: Login | undefined
  #session: Session | undefined
  #will: Will = undefined
  /** A message that there was no room for. */
  #held: Publish | undefined
  /** Whether a packet is being handled that those after it must wait for. */
  #isBusy = false
  #isEnded = false
  #expirySeconds = 0
  #keepAliveMs = Infinity

  constructor(door: Door, wire: Duplex, origin: Origin, admit: (principal: string) => boolean) {
    this.#door = door
    this.#wire = wire
    this.#origin = origin
    this.#admit = admit
    this.#output = new Output(wire)
    this.#acks = new Acks(this.#output)
    this.#inlet = new Inlet(wire, {
      pace: new Pace(),
      // Some clients of version 5 exceed the receive maximum that they are told, so it is no more than a bound
      // for them too.
      mustWait: () => this.#isBusy || this.#held !== undefined || this.#acks.waiting >= LIMITS.inFlight,
      handle: (bytes, start, end) => this.#handle(this.#reader.read(bytes, start, end)),
      failed: (error) => this.#failed(error),
      cover: (bytes) => door.admission.take(`mqtt ${this.#login!.principal}`, bytes),
    })
    wire.on('drain', () => {
      this.#output.drained()
      this.#session?.resume()
    })
    wire.on('error', () => wire.destroy())
    wire.on('end', () => wire.destroy())
    wire.on('close', () => this.#closed())
  }

  /** Whether it is not read, because the hub is slower than the client. */
  get isPaused(): boolean {
    return this.#session !== undefined && this.#inlet.isPaused
  }

  /** Ends the connection if its client is silent, does not read, or has lost its key. */
  look(now: number): void {
    if (this.#isEnded) return
    if (this.#inlet.silentMs(now) > this.#keepAliveMs)
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
    if (this.#session === undefined) countRefusedLogin(reason)
    const farewell = farewellOf(reason, message, this.#reader.version, this.#session !== undefined)
    if (farewell !== undefined) this.#output.write(farewell)
    const { clientId } = this.#login ?? {}
    this.#door.log.debug({ clientId, reason, message }, 'a connection of a device is closed')
    this.#hangUp()
  }

  #hangUp(): void {
    this.#isEnded = true
    this.#inlet.stop()
    this.#wire.end()
    // A client that does not close its side is not waited for.
    setTimeout(() => this.#wire.destroy(), LIMITS.hangUpMs).unref()
  }

  settled(): void {
    this.#acks.settled()
    if (this.#inlet.isPaused) this.retry()
  }

  failed(): void {
    this.end({ reason: REASON.serverUnavailable, message: 'A message could not be stored; send it again.' })
  }

  retry(): void {
    if (this.#isEnded) return
    const held = this.#held
    this.#held = undefined
    try {
      if (held !== undefined) this.#publish(held)
    } catch (error) {
      this.#failed(error)
    }
    this.#inlet.work()
  }

  #failed(error: unknown): void {
    if (error instanceof Refusal) return this.end(error)
    this.#door.log.warn({ err: error }, 'a packet of a device cannot be handled')
    this.end({ reason: REASON.serverUnavailable, message: 'The packet cannot be handled now.' })
  }

  /** Later packets wait until the work is done. */
  #wait(work: Promise<void>): void {
    this.#isBusy = true
    work
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#isBusy = false
        this.#inlet.work()
      })
  }

  #handle(packet: Received): void {
    if (this.#session === undefined) return this.#wait(this.#open(packet as IConnectPacket))
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
        return this.#hangUp()
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
      retained: this.#door.retained,
      version: version!,
      write: (packet: Packet) => this.#output.write(packet),
    }
  }

  async #open(packet: IConnectPacket): Promise<void> {
    const version = packet.protocolVersion === 5 ? 5 : 4
    this.#reader.version = version
    this.#output.version = version
    if (packet.protocolVersion === 3)
      throw new Refusal(REASON.unsupportedVersion, 'This door speaks MQTT 3.1.1 and 5.')
    const door = this.#door
    const isRetaining = door.retained !== undefined
    const login = logIn(packet, this.#origin, door.access, isRetaining)
    const will = packet.will && willOf(packet.will, login, isRetaining)
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
    if (this.#isEnded || this.#wire.destroyed) return door.sessions.close(session, this.#expirySeconds)
    const { answer, keepAliveSeconds } = connack(packet, clientId, present, this.#expirySeconds, isRetaining)
    this.#session = session
    this.#inlet.isOpen = true
    this.#will = will
    this.#publishing = new Publishing(version, login, isRetaining)
    this.#keepAliveMs = keepAliveSeconds * 1500
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
    this.#inlet.stop()
    this.#door.closed(this)
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
