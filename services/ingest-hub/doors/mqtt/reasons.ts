/** Reason codes, and how connections end. */
import { Counter, metrics } from '@weir/service'
import type { Packet } from 'mqtt-packet'

/** Reason codes of MQTT 5 (section 2.4), as far as the door sends them. */
export const REASON = {
  success: 0x00,
  grantedQos1: 0x01,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  malformedPacket: 0x81,
  protocolError: 0x82,
  unsupportedVersion: 0x84,
  invalidClientId: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  takenOver: 0x8e,
  invalidFilter: 0x8f,
  invalidTopic: 0x90,
  invalidTopicAlias: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  invalidPayload: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
} as const
export type Reason = (typeof REASON)[keyof typeof REASON]

/** Ends a connection. The message goes to the client and to the log, so it quotes nothing secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: Reason

  constructor(reason: Reason, message: string) {
    super(message)
    this.reason = reason
  }
}

const refusedLogins = new Counter({
  name: 'weir_mqtt_refused_logins_total',
  help: 'Connections of devices that were refused before they were let in, by reason.',
  labelNames: ['reason'],
  registers: [metrics],
})
const NAMES = new Map<number, string>(Object.entries(REASON).map(([name, code]) => [code, name]))
// Exported from the start, so that the first one is an increase.
for (const reason of ['badCredentials', 'notAuthorized', 'quotaExceeded']) refusedLogins.inc({ reason }, 0)

export function countRefusedLogin(reason: Reason): void {
  refusedLogins.inc({ reason: NAMES.get(reason)! })
}

/** Return codes of CONNACK in MQTT 3.1.1 (section 3.2.2.3). */
const RETURN_CODES: Readonly<Partial<Record<Reason, number>>> = {
  [REASON.unsupportedVersion]: 1,
  [REASON.invalidClientId]: 2,
  [REASON.serverUnavailable]: 3,
  [REASON.quotaExceeded]: 3,
  [REASON.badCredentials]: 4,
  [REASON.notAuthorized]: 5,
}

/** Reasons that MQTT 5 has for DISCONNECT and not for CONNACK. */
const ONLY_CONNECTED: readonly Reason[] = [
  REASON.serverShuttingDown,
  REASON.takenOver,
  REASON.keepAliveTimeout,
]

/** The last packet to the client. Undefined if its version of MQTT has none for this reason. */
export function farewellOf(
  reason: Reason,
  reasonString: string,
  version: 4 | 5 | undefined,
  isConnected: boolean,
): Packet | undefined {
  const properties = { reasonString }
  if (isConnected) {
    const reasonCode = reason === REASON.serverUnavailable ? REASON.serverBusy : reason
    return version === 5 ? { cmd: 'disconnect', reasonCode, properties } : undefined
  }
  if (version === 5) {
    const reasonCode = ONLY_CONNECTED.includes(reason) ? REASON.serverUnavailable : reason
    return { cmd: 'connack', sessionPresent: false, reasonCode, properties }
  }
  // A client of another version understands no more than the first code, and one that has not sent CONNECT gets
  // no answer.
  const returnCode = RETURN_CODES[reason]
  if (returnCode === undefined || (version === undefined && reason !== REASON.unsupportedVersion))
    return undefined
  return { cmd: 'connack', sessionPresent: false, returnCode }
}
