/** SUBSCRIBE and UNSUBSCRIBE. */

import type { DeviceSubscription } from '@weir/contracts'
import type { ISubscribePacket, IUnsubscribePacket, Packet } from 'mqtt-packet'
import type { Retained } from '../../devices/retained/retained.ts'
import type { Session } from '../../devices/sessions/session.ts'
import type { Sessions } from '../../devices/sessions/sessions.ts'
import { subscriptionProblem, unshared } from '../../devices/sessions/table.ts'
import { LIMITS } from './limits.ts'
import type { Login } from './login.ts'
import { idOf, type Version } from './packets.ts'
import { REASON, Refusal } from './reasons.ts'

interface Context {
  readonly session: Session
  readonly login: Login
  readonly sessions: Sessions
  readonly retained: Retained | undefined
  readonly version: Version
  write(packet: Packet): void
}

/** MQTT 3.1.1 has one code for a refused subscription. */
const FAILURE = 0x80
/** Retain Handling (MQTT 5, section 3.8.3.1). */
const SEND_RETAINED = 0
const SEND_RETAINED_IF_NEW = 1

export async function subscribe(packet: ISubscribePacket, context: Context): Promise<void> {
  const { session, login, sessions, retained, version, write } = context
  const messageId = idOf(packet.messageId ?? 0)
  const { subscriptions: asked, properties } = packet
  if (asked.length === 0) throw new Refusal(REASON.protocolError, 'SUBSCRIBE must have a topic filter.')
  if (asked.length > LIMITS.subscriptions)
    throw new Refusal(
      REASON.quotaExceeded,
      `SUBSCRIBE may have at most ${LIMITS.subscriptions} topic filters.`,
    )
  const identifier = properties?.subscriptionIdentifier ?? 0
  if (properties?.subscriptionIdentifier === 0)
    throw new Refusal(REASON.protocolError, 'A subscription identifier must not be 0.')
  const all = new Map(session.record.subscriptions.map((one) => [one.filter, one]))
  const before = all.size
  let changed = false
  const wanted: DeviceSubscription[] = []
  const granted = asked.map(({ topic: filter, qos, nl: noLocal = false, rap = false, rh = 0 }) => {
    if (subscriptionProblem(filter) !== undefined) return REASON.invalidFilter
    const { group, filter: inner } = unshared(filter)
    if (group !== undefined && noLocal)
      throw new Refusal(REASON.protocolError, 'A shared subscription must not have No Local.')
    if (!login.maySubscribe(inner)) return REASON.notAuthorized
    if (!all.has(filter) && all.size >= LIMITS.subscriptions) return REASON.quotaExceeded
    const subscription: DeviceSubscription = {
      filter,
      qos: Math.min(qos, 1),
      noLocal,
      identifier,
      retainAsPublished: rap,
    }
    const isNew = !all.has(filter)
    if (group === undefined && (rh === SEND_RETAINED || (rh === SEND_RETAINED_IF_NEW && isNew)))
      wanted.push(subscription)
    all.set(filter, subscription)
    changed = true
    return subscription.qos
  })
  if (changed || all.size !== before) await sessions.subscribe(session, [...all.values()])
  write({
    cmd: 'suback',
    messageId,
    granted: granted.map((code) => (code >= FAILURE && version === 4 ? FAILURE : code)),
  })
  if (wanted.length > 0) retained?.deliver(session, wanted)
}

export async function unsubscribe(packet: IUnsubscribePacket, context: Context): Promise<void> {
  const { session, sessions, write } = context
  const messageId = idOf(packet.messageId ?? 0)
  if (packet.unsubscriptions.length === 0)
    throw new Refusal(REASON.protocolError, 'UNSUBSCRIBE must have a topic filter.')
  const all = new Map(session.record.subscriptions.map((one) => [one.filter, one]))
  const granted = packet.unsubscriptions.map((filter) =>
    all.delete(filter) ? REASON.success : REASON.noSubscriptionExisted,
  )
  if (granted.includes(REASON.success)) await sessions.subscribe(session, [...all.values()])
  write({ cmd: 'unsuback', messageId, granted })
}
