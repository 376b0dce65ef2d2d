/** MQTT over WebSocket (MQTT 5, section 6), on the port for HTTP. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { isLocal } from '@weir/service'
import { createWebSocketStream, WebSocketServer } from 'ws'
import type { MqttDoor } from './door.ts'
import { LIMITS } from './limits.ts'

const PATH = '/mqtt'
const PROTOCOL = 'mqtt'

/** Takes over upgrades of the server's connections to WebSocket. */
export function serveWebSockets(server: Server, door: MqttDoor, names: readonly string[]): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.packetBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const offered = request.headers['sec-websocket-protocol'] ?? ''
    if (request.url?.split('?')[0] !== PATH || !offered.split(/ *, */).includes(PROTOCOL))
      return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    // A page from elsewhere may not use this machine's door without a key.
    const origin = { certificate: undefined, mayBeAnonymous: isLocal(request.headers, names) }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const wire = createWebSocketStream(opened, { highWaterMark: LIMITS.outputBytes })
      door.serve(wire, request.socket, 'encrypted' in request.socket, origin)
    })
  }
  server.on('upgrade', upgrade)
  return () => {
    server.off('upgrade', upgrade)
    sockets.close()
  }
}
