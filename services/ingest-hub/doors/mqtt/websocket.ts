/** MQTT over WebSocket (MQTT 5, section 6), on the port for HTTP. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type HttpServer, isLocal, type Resource } from '@weir/service'
import { createWebSocketStream, WebSocketServer } from 'ws'
import type { MqttDoor } from './door.ts'
import { LIMITS } from './limits.ts'

const PATH = '/mqtt'
const PROTOCOL = 'mqtt'
/** The status of a close frame: the server goes away (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1001

/** Takes over upgrades of the server's connections to WebSocket. */
export function openWebSockets(http: HttpServer, door: MqttDoor, names: readonly string[]): Resource<void> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.packetBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    const offered = request.headers['sec-websocket-protocol'] ?? ''
    if (request.url?.split('?')[0] !== PATH || !offered.split(/ *, */).includes(PROTOCOL))
      return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    // A page from elsewhere may not use this machine's door without a key.
    const origin = { certificate: undefined, mayBeAnonymous: isLocal(request.headers, names) }
    http.handOver(request)
    const place = door.open(request.socket, 'encrypted' in request.socket)
    sockets.handleUpgrade(request, socket, head, (opened) =>
      door.serve(createWebSocketStream(opened, { highWaterMark: LIMITS.outputBytes }), place, origin),
    )
  }
  const { server } = http.app
  server.on('upgrade', upgrade)
  return {
    value: undefined,
    stop: async (drainMs) => {
      server.off('upgrade', upgrade)
      for (const socket of sockets.clients) socket.close(GOING_AWAY)
      const late = setTimeout(
        () => {
          for (const socket of sockets.clients) socket.terminate()
        },
        Math.min(LIMITS.hangUpMs, drainMs / 2),
      )
      await new Promise<void>((resolve) => sockets.close(() => resolve()))
      clearTimeout(late)
    },
  }
}
