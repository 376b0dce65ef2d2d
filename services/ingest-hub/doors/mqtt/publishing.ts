/** Messages from the PUBLISH packets of a client, checked. */
import { AWS_LIMITS, topicProblem } from '@weir/iot-sql'
import type { IPublishPacket } from 'mqtt-packet'
import type { DeviceMessage, MessageProperties } from '../../devices/message.ts'
import type { Outcome } from './inbox.ts'
import { LIMITS } from './limits.ts'
import type { Login } from './login.ts'
import type { Publish, Version } from './packets.ts'
import { REASON, Refusal } from './reasons.ts'

/** Topics of a client whose check is remembered. */
const MAX_REMEMBERED = 16

export class Publishing {
  readonly #version: Version
  readonly #login: Login
  readonly #aliases = new Map<number, string>()
  readonly #valid = new Set<string>()

  readonly #isRetaining: boolean

  constructor(version: Version, login: Login, isRetaining: boolean) {
    this.#isRetaining = isRetaining
    this.#version = version
    this.#login = login
  }

  /**
   * Returns the message, or why it is refused although the connection goes on.
   * @throws Refusal if the connection must end
   */
  messageOf({ topic: name, qos, retain, payload, properties }: Publish): DeviceMessage | Outcome {
    if (qos > 1) throw new Refusal(REASON.qosNotSupported, 'Messages may have QoS 0 or 1.')
    if (retain && !this.#isRetaining && this.#version === 5)
      throw new Refusal(REASON.retainNotSupported, 'Messages are not retained.')
    const topic = this.#topicOf(name, properties?.topicAlias)
    if (!this.#login.mayPublish(topic)) {
      if (this.#version === 5)
        return { reason: REASON.notAuthorized, message: 'The key has no right to publish to this topic.' }
      throw new Refusal(REASON.notAuthorized, 'The key has no right to publish to this topic.')
    }
    const message: DeviceMessage = {
      topic,
      payload,
      qos: qos as 0 | 1,
      clientId: this.#login.clientId,
      principal: this.#login.principal,
      receivedAt: Date.now(),
      properties: passedOn(properties),
    }
    return retain && this.#isRetaining ? { ...message, retain } : message
  }

  #topicOf(name: string, alias: number | undefined): string {
    if (alias !== undefined && (alias < 1 || alias > LIMITS.topicAliases))
      throw new Refusal(REASON.invalidTopicAlias, `An alias of a topic must be 1 to ${LIMITS.topicAliases}.`)
    if (name === '' && alias !== undefined) {
      const topic = this.#aliases.get(alias)
      if (topic === undefined) throw new Refusal(REASON.protocolError, 'No topic has this alias.')
      return topic
    }
    if (!this.#valid.has(name)) {
      const problem = topicProblem(name, AWS_LIMITS)
      if (problem !== undefined) throw new Refusal(REASON.invalidTopic, problem)
      if (this.#valid.size >= MAX_REMEMBERED) this.#valid.clear()
      this.#valid.add(name)
    }
    if (alias !== undefined) this.#aliases.set(alias, name)
    return name
  }
}

/** @throws Refusal for a property that clients must not send */
export function passedOn(properties: IPublishPacket['properties']): MessageProperties | undefined {
  if (properties === undefined) return undefined
  const { topicAlias: _, subscriptionIdentifier, responseTopic, ...others } = properties
  if (subscriptionIdentifier !== undefined)
    throw new Refusal(REASON.protocolError, 'A client must not send subscription identifiers with messages.')
  if (responseTopic !== undefined && topicProblem(responseTopic, AWS_LIMITS) !== undefined)
    throw new Refusal(REASON.protocolError, 'The response topic is not a topic.')
  const all = { ...others, ...(responseTopic !== undefined && { responseTopic }) }
  return Object.keys(all).length === 0 ? undefined : all
}
