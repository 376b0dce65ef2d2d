/** Packets from frames, and bytes of packets. `mqtt-packet` parses all but the plain PUBLISH. */
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet'
import { LIMITS } from './limits.ts'
import { REASON, Refusal } from './reasons.ts'

export type Version = 4 | 5

const PUBLISH = 3
/** UTF-8 decoders put this in the place of bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD'

/** Levels of objects in a packet. */
const DEPTH = 4

/** A PUBLISH from a client. */
export interface Publish {
  readonly cmd: 'publish'
  readonly topic: string
  readonly qos: number
  readonly retain: boolean
  readonly dup: boolean
  /** 0 for QoS 0. */
  readonly messageId: number
  readonly payload: Buffer
  readonly properties: IPublishPacket['properties']
}

export type Received = Publish | Exclude<Packet, IPublishPacket>

/** Parses the packets of one connection. */
export class PacketReader {
  /** Undefined before CONNECT. */
  version: Version | undefined
  readonly #parser
  #parsed: Packet | undefined
  #error: Error | undefined

  /** @param version given by clients: servers learn it from CONNECT */
  constructor(version?: Version) {
    this.version = version
    this.#parser = parser(version && { protocolVersion: version })
    this.#parser.on('packet', (packet) => {
      this.#parsed = packet
    })
    this.#parser.on('error', (error: Error) => {
      this.#error = error
    })
  }

  /** @throws Refusal if `bytes[start, end)` is not a valid packet */
  read(bytes: Buffer, start = 0, end = bytes.length): Received {
    if (bytes[start] >> 4 === PUBLISH && this.version !== undefined) {
      const found = plainPublish(bytes, start, end, this.version)
      if (found !== undefined) return found
    }
    this.#parsed = this.#error = undefined
    this.#parser.parse(bytes.subarray(start, end))
    const packet = this.#parsed as Packet | undefined
    const error = this.#error as Error | undefined
    if (error !== undefined || packet === undefined) {
      if (error?.message === 'Invalid protocol version')
        throw new Refusal(REASON.unsupportedVersion, 'This door speaks MQTT 3.1.1 and 5.')
      throw malformed(`A packet is malformed: ${error?.message ?? 'it is cut off'}.`)
    }
    checkText(packet)
    if (packet.cmd !== 'publish') return packet
    return {
      ...packet,
      messageId: packet.qos === 0 ? 0 : idOf(packet.messageId ?? 0),
      payload: packet.payload as Buffer,
      properties: packet.properties,
    }
  }
}

/** A PUBLISH without properties, which is nearly all that devices send. Undefined if it has properties. */
function plainPublish(bytes: Buffer, from: number, end: number, version: Version): Publish | undefined {
  const flags = bytes[from]
  const qos = (flags >> 1) & 3
  if (qos === 3) throw malformed('A PUBLISH must not have both bits of QoS set.')
  let at = from + 2
  while (bytes[at - 1] >= 0x80) at++
  if (at + 2 > end) throw malformed('A PUBLISH ends before its topic.')
  const topicEnd = at + 2 + bytes.readUInt16BE(at)
  const start = topicEnd + (qos > 0 ? 2 : 0) + (version === 5 ? 1 : 0)
  if (start > end) throw malformed('A PUBLISH ends before its payload.')
  if (version === 5 && bytes[start - 1] !== 0) return undefined
  const topic = bytes.toString('utf8', at + 2, topicEnd)
  if (topic.includes(REPLACEMENT)) throw notUtf8()
  return {
    cmd: 'publish',
    topic,
    qos,
    retain: (flags & 1) === 1,
    dup: (flags & 8) === 8,
    messageId: qos > 0 ? idOf(bytes.readUInt16BE(topicEnd)) : 0,
    payload: bytes.subarray(start, end),
    properties: undefined,
  }
}

export function idOf(messageId: number): number {
  if (messageId > 0) return messageId
  throw new Refusal(REASON.protocolError, 'A packet identifier must not be 0.')
}

/**
 * Refuses texts that are not UTF-8 or have U+0000 (section 1.5.4), properties that appear more than once, and
 * more of them than there is memory for.
 */
function checkText(packet: object): void {
  let bytes = 0
  const look = (value: unknown, name: string, depth: number): void => {
    if (typeof value === 'string') {
      bytes += value.length
      if (value.includes(REPLACEMENT)) throw notUtf8()
      if (value.includes('\0')) throw malformed('A text must not contain U+0000.')
    } else if (Array.isArray(value)) {
      if (value.length > LIMITS.userProperties && name !== 'subscriptions') throw tooMany()
      for (const one of value) look(one, name, depth)
    } else if (value === null) {
      // The packet itself has the fields of all kinds of packets.
      if (depth < DEPTH - 1) throw malformed('A packet ends within a text.')
    } else if (typeof value === 'object' && !Buffer.isBuffer(value) && depth > 0) {
      for (const [key, one] of Object.entries(value)) {
        if (name === 'userProperties') look(key, key, 0)
        if (name === 'properties' && Array.isArray(one))
          throw new Refusal(REASON.protocolError, `The property ${key} may appear only once.`)
        look(one, key, depth - 1)
      }
      if (name === 'userProperties' && Object.keys(value).length > LIMITS.userProperties) throw tooMany()
    }
  }
  look(packet, '', DEPTH)
  if (bytes > LIMITS.packetBytes) throw tooMany()
}

const malformed = (message: string): Refusal => new Refusal(REASON.malformedPacket, message)
const notUtf8 = (): Refusal => malformed('A text is not valid UTF-8.')
const tooMany = (): Refusal =>
  new Refusal(REASON.quotaExceeded, `A packet may have at most ${LIMITS.userProperties} user properties.`)

export const encode = (packet: Packet, version: Version): Buffer =>
  generate(packet, { protocolVersion: version })

/** The bytes of a PUBACK without a reason. */
export const PUBACK_BYTES = 4
export function writePuback(into: Buffer, at: number, messageId: number): void {
  into[at] = 0x40
  into[at + 1] = 2
  into.writeUInt16BE(messageId, at + 2)
}
