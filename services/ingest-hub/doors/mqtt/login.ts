/** Who a client is, and what it may do, by its CONNECT. */
import { randomUUID } from 'node:crypto'
import { AWS_LIMITS, topicProblem } from '@weir/iot-sql'
import type { Access, DeviceClient } from '@weir/service'
import type { IConnectPacket } from 'mqtt-packet'
import { LIMITS } from './limits.ts'
import { REASON, Refusal } from './reasons.ts'

/** The origin of a connection, known before CONNECT. */
export interface Origin {
  /** The subject of the client certificate, which was verified. */
  readonly certificate: string | undefined
  /** Whether clients may come without a key, if any may: a web page from elsewhere may not. */
  readonly mayBeAnonymous: boolean
}

/** A client with the rights that it has now. */
export class Login {
  readonly clientId: string
  readonly principal: string
  readonly #access: Access
  readonly #look: () => DeviceClient | undefined
  #version: number
  #client: DeviceClient | undefined

  constructor(clientId: string, principal: string, access: Access, look: () => DeviceClient | undefined) {
    this.clientId = clientId
    this.principal = principal
    this.#access = access
    this.#look = look
    this.#version = access.version
    this.#client = look()
  }

  /** Undefined once the client is no longer allowed in. */
  get client(): DeviceClient | undefined {
    if (this.#version !== this.#access.version) {
      this.#version = this.#access.version
      this.#client = this.#look()
    }
    return this.#client
  }

  mayPublish(topic: string): boolean {
    return this.client?.mayPublish(topic, this.clientId) ?? false
  }

  maySubscribe(filter: string): boolean {
    return this.client?.maySubscribe(filter, this.clientId) ?? false
  }
}

/** @throws Refusal if the client is not let in */
export function logIn(packet: IConnectPacket, origin: Origin, access: Access, isRetaining: boolean): Login {
  if (packet.properties?.authenticationMethod !== undefined)
    throw new Refusal(
      REASON.badAuthenticationMethod,
      'This door has no methods of authentication of its own.',
    )
  const clientId = clientIdOf(packet)
  const { certificate } = origin
  if (certificate !== undefined && certificate !== clientId)
    throw new Refusal(
      REASON.notAuthorized,
      'The client id must be the common name of the client certificate.',
    )
  const key = packet.password?.toString()
  const look =
    key === undefined && certificate !== undefined ? () => access.certified() : () => access.client(key)
  const client = key === undefined && certificate === undefined && !origin.mayBeAnonymous ? undefined : look()
  if (client === undefined)
    throw new Refusal(
      key === undefined ? REASON.notAuthorized : REASON.badCredentials,
      'An API key is required as the password, with any user name.',
    )
  const principal =
    key === undefined && certificate !== undefined ? certificate : (client.name ?? 'anonymous')
  const login = new Login(clientId, principal, access, look)
  if (packet.will) checkWill(packet.will, login, isRetaining || packet.protocolVersion !== 5)
  return login
}

function clientIdOf({ clientId, clean, protocolVersion }: IConnectPacket): string {
  if (clientId.length > LIMITS.clientIdLength || /\p{C}/u.test(clientId))
    throw new Refusal(
      REASON.invalidClientId,
      `A client id may have at most ${LIMITS.clientIdLength} visible characters.`,
    )
  if (clientId !== '') return clientId
  if (protocolVersion !== 5 && !clean)
    throw new Refusal(REASON.invalidClientId, 'A session that lasts needs a client id.')
  return `auto-${randomUUID()}`
}

type Will = NonNullable<IConnectPacket['will']>

function checkWill({ topic, qos = 0, retain }: Will, login: Login, mayRetain: boolean): void {
  if (qos > 1) throw new Refusal(REASON.qosNotSupported, 'The will may have QoS 0 or 1.')
  if (retain && !mayRetain) throw new Refusal(REASON.retainNotSupported, 'Messages are not retained.')
  const fault = topicProblem(topic, AWS_LIMITS)
  if (fault !== undefined) throw new Refusal(REASON.invalidTopic, fault)
  if (!login.mayPublish(topic))
    throw new Refusal(REASON.notAuthorized, 'The key has no right to publish to the topic of the will.')
}
