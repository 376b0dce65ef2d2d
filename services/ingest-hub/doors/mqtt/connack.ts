/** The answer to CONNECT, with what the door grants. */
import type { IConnackPacket, IConnectPacket } from 'mqtt-packet'
import { LIMITS } from './limits.ts'

/** How long the session outlasts the connection, seconds. */
export function expiryOf({ protocolVersion, clean, properties }: IConnectPacket): number {
  const asked = protocolVersion === 5 ? (properties?.sessionExpiryInterval ?? 0) : clean ? 0 : Infinity
  return Math.min(asked, LIMITS.sessionExpirySeconds)
}

export function connack(
  { protocolVersion, keepalive = 0, clientId, properties }: IConnectPacket,
  assignedId: string,
  sessionPresent: boolean,
  expirySeconds: number,
  isRetaining: boolean,
): { readonly answer: IConnackPacket; readonly keepAliveSeconds: number } {
  const isGranted = keepalive > 0 && keepalive <= LIMITS.keepAliveSeconds
  const keepAliveSeconds = isGranted ? keepalive : LIMITS.keepAliveSeconds
  if (protocolVersion !== 5)
    return { answer: { cmd: 'connack', sessionPresent, returnCode: 0 }, keepAliveSeconds }
  return {
    keepAliveSeconds,
    answer: {
      cmd: 'connack',
      sessionPresent,
      reasonCode: 0,
      properties: {
        receiveMaximum: LIMITS.inFlight,
        maximumQoS: 1,
        retainAvailable: isRetaining,
        maximumPacketSize: LIMITS.packetBytes,
        topicAliasMaximum: LIMITS.topicAliases,
        ...(clientId === '' && { assignedClientIdentifier: assignedId }),
        ...(!isGranted && { serverKeepAlive: keepAliveSeconds }),
        ...((properties?.sessionExpiryInterval ?? 0) !== expirySeconds && {
          sessionExpiryInterval: expirySeconds,
        }),
      },
    },
  }
}
