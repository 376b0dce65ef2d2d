/**
 * One connection to a broker, as a client of MQTT 5. It reads messages of shared subscriptions, and acknowledges
 * each when it is stored.
 */
import type { Socket } from 'node:net'
import { FilterTree, topicProblem } from '@weir/iot-sql'
import { type Admission, Counter, metrics } from '@weir/service'
import type { IConnackPacket, ISubackPacket } from 'mqtt-packet'
import type { DeviceMessage } from '../../devices/message.ts'
import { Acks } from '../mqtt/acks.ts'
import type { Inbox, Outcome, Sender } from '../mqtt/inbox.ts'
import { Inlet } from '../mqtt/inlet.ts'
import { LIMITS } from '../mqtt/limits.ts'
import { Output } from '../mqtt/output.ts'
import { PacketReader, type Publish, type Received } from '../mqtt/packets.ts'
import { passedOn } from '../mqtt/publishing.ts'
import { REASON, Refusal } from '../mqtt/reasons.ts'
import { BRIDGE_LIMITS, type Broker } from './config.ts'

/** Messages that the broker sends before the first of them is acknowledged. Brokers may have a lower bound. */
const RECEIVE_MAXIMUM = 1000
const KEEP_ALIVE_SECONDS = 30
/** The broker keeps the messages of a session that is away for this time. */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 3600
/** The time from the connection to the answer to SUBSCRIBE. */
const OPEN_MS = 10_000
/** Topics whose check is remembered. */
const MAX_REMEMBERED = 1000
const SUBSCRIBE_ID = 1
const MIN_FAILURE = 0x80

const skipped = new Counter({
  name: 'weir_mqtt_bridge_skipped_messages_total',
  help: 'Messages of an MQTT broker that were acknowledged and not taken, because of their topics or properties.',
  labelNames: ['broker'],
  registers: [metrics],
})

export interface BrokerConnectionOptions {
  readonly broker: Broker
  readonly clientId: string
  readonly inbox: Inbox
  readonly admission: Admission
  /** The subscriptions are granted. */
  opened(): void
}

export class BrokerConnection implements Sender {
  /** Resolves with the reason why the connection has ended. */
  readonly ended: Promise<string>
  readonly #options: BrokerConnectionOptions
  readonly #socket: Socket
  readonly #reader = new PacketReader(5)
  readonly #inlet: Inlet
  readonly #output: Output
  readonly #acks: Acks
  readonly #filters = new FilterTree<string>('mqtt')
  readonly #topics = new Set<string>()
  readonly #timers: NodeJS.Timeout[]
  /** A message that there was no room for. */
  #held: Publish | undefined
  #isConnected = false
  #isEnded = false
  #tell: (reason: string) => void = () => {}
  #drained: (() => void) | undefined

  constructor(socket: Socket, options: BrokerConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.ended = new Promise((resolve) => {
      this.#tell = resolve
    })
    for (const filter of options.broker.filters) this.#filters.add(filter, filter)
    this.#output = new Output(socket)
    this.#output.version = 5
    this.#acks = new Acks(this.#output)
    this.#inlet = new Inlet(socket, {
      pace: undefined,
      mustWait: () => this.#held !== undefined || this.#acks.waiting >= RECEIVE_MAXIMUM,
      handle: (bytes, start, end) => this.#handle(this.#reader.read(bytes, start, end)),
      failed: (error) => this.#end((error as Error).message),
      cover: (bytes) => options.admission.take(`mqtt ${options.broker.name}`, bytes),
    })
    this.#inlet.isOpen = true
    socket.on('drain', () => this.#output.drained())
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(error.code ?? error.message))
    socket.on('close', () => this.#end('the broker has closed the connection'))
    this.#timers = [
      setTimeout(() => this.#end('the broker does not answer'), OPEN_MS),
      setInterval(() => this.#look(), (KEEP_ALIVE_SECONDS * 1000) / 2),
    ]
    this.#connect()
  }

  /** Waits until all messages that came are acknowledged, and says goodbye. The session goes on at the broker. */
  async stop(drainMs: number): Promise<void> {
    if (this.#isEnded) return
    this.#inlet.stop()
    this.#held = undefined
    if (this.#acks.waiting > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve
        setTimeout(resolve, drainMs).unref()
      })
    if (this.#isEnded) return
    this.#output.write({ cmd: 'disconnect', reasonCode: 0 })
    this.#socket.end()
    this.#end('this replica leaves the session')
  }

  settled(): void {
    if (this.#isEnded) return
    this.#acks.settled()
    if (this.#acks.waiting === 0) this.#drained?.()
    if (this.#inlet.isPaused) this.retry()
  }

  /** The broker sends a message again only over a new connection. */
  failed(): void {
    this.#end('a message could not be stored; the broker sends it again')
  }

  retry(): void {
    if (this.#isEnded) return
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#publish(held)
    this.#inlet.work()
  }

  #connect(): void {
    const { broker, clientId } = this.#options
    this.#output.write({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 5,
      clientId,
      clean: false,
      keepalive: KEEP_ALIVE_SECONDS,
      ...(broker.username !== undefined && { username: broker.username }),
      ...(broker.password !== undefined && { password: Buffer.from(broker.password) }),
      properties: {
        sessionExpiryInterval: SESSION_EXPIRY_SECONDS,
        receiveMaximum: RECEIVE_MAXIMUM,
        maximumPacketSize: LIMITS.packetBytes,
      },
    })
  }

  #look(): void {
    if (this.#inlet.silentMs(performance.now()) > KEEP_ALIVE_SECONDS * 1500)
      this.#end('the broker has sent nothing within one and a half times the keep alive')
    else this.#output.write({ cmd: 'pingreq' })
  }

  #end(reason: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#inlet.stop()
    this.#drained?.()
    // What was written to it is sent before it closes.
    this.#socket.end()
    setTimeout(() => this.#socket.destroy(), LIMITS.hangUpMs).unref()
    this.#tell(reason)
  }

  #handle(packet: Received): void {
    if (!this.#isConnected && packet.cmd !== 'connack')
      throw new Error(`the broker sends ${packet.cmd.toUpperCase()} before CONNACK`)
    switch (packet.cmd) {
      case 'connack':
        return this.#connected(packet)
      case 'suback':
        return this.#subscribed(packet)
      case 'publish':
        return this.#publish(packet)
      case 'pingresp':
        return
      case 'disconnect':
        return this.#end(`the broker ends the connection (${hex(packet.reasonCode)}${texts(packet)})`)
      default:
        throw new Error(`the broker sends ${packet.cmd.toUpperCase()}, which a server must not`)
    }
  }

  #connected(packet: IConnackPacket): void {
    const { reasonCode, properties } = packet
    const { filters, group } = this.#options.broker
    // The answers of versions before 5 are known by their first return code.
    if (reasonCode === 1 || reasonCode === REASON.unsupportedVersion)
      throw new Error('the broker does not speak MQTT 5, which shared subscriptions need')
    if (reasonCode !== 0)
      throw new Error(`the broker refuses the connection (${hex(reasonCode)}${texts(packet)})`)
    if (properties?.sharedSubscriptionAvailable === false)
      throw new Error('the broker has no shared subscriptions, without which replicas get messages twice')
    this.#isConnected = true
    this.#output.write({
      cmd: 'subscribe',
      messageId: SUBSCRIBE_ID,
      subscriptions: filters.map((filter) => ({ topic: `$share/${group}/${filter}`, qos: 1 as const })),
    })
  }

  #subscribed({ granted }: ISubackPacket): void {
    const { filters } = this.#options.broker
    const refused = granted.findIndex((code) => code !== 1)
    if (refused >= 0) {
      const code = granted[refused] as number
      const how = code >= MIN_FAILURE ? `is refused (${hex(code)})` : 'is granted with QoS 0 only'
      throw new Error(`the subscription to ${filters[refused]} ${how}`)
    }
    clearTimeout(this.#timers[0])
    this.#options.opened()
  }

  #publish(packet: Publish): void {
    const message = this.#messageOf(packet)
    if (!('topic' in message)) return this.#acks.refused(packet.messageId, message)
    const pending = this.#options.inbox.take(message, packet.messageId, this)
    if (pending === undefined) this.#held = packet
    else if (packet.qos > 0) this.#acks.add(pending)
  }

  #messageOf({ topic, payload, qos, properties }: Publish): DeviceMessage | Outcome {
    try {
      this.#check(topic)
      return {
        topic,
        payload,
        qos: qos as 0 | 1,
        clientId: undefined,
        principal: this.#options.broker.name,
        receivedAt: Date.now(),
        properties: passedOn(properties),
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      skipped.inc({ broker: this.#options.broker.name })
      return { reason: error.reason, message: error.message }
    }
  }

  #check(topic: string): void {
    if (this.#topics.has(topic)) return
    const problem = topicProblem(topic, BRIDGE_LIMITS)
    if (problem !== undefined) throw new Refusal(REASON.invalidTopic, problem)
    // A session keeps the subscriptions of an earlier configuration.
    if (this.#filters.match(topic).length === 0)
      throw new Refusal(REASON.notAuthorized, 'No filter of the configuration matches the topic.')
    if (this.#topics.size >= MAX_REMEMBERED) this.#topics.clear()
    this.#topics.add(topic)
  }
}

const hex = (code = 0): string => `0x${code.toString(16).padStart(2, '0')}`

/** The sentence that the broker adds, in visible characters. */
function texts({ properties }: { readonly properties?: { readonly reasonString?: string } }): string {
  const text = properties?.reasonString
  return text === undefined ? '' : `, ${text.slice(0, 200).replace(/[^\x20-\x7e]/g, ' ')}`
}
