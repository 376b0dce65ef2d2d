/** Receivers on this machine, and clients that may reach them. Each ends with the test that started it. */
import { once } from 'node:events'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { ConfigReader } from '@weir/config'
import { onTestFinished } from 'vitest'
import { egressConfig } from '../config.ts'
import { type EgressParts, openEgress } from '../egress.ts'
import type { EgressRequest, EgressResponse } from '../request.ts'

/** Sends a GET, with limits that no local receiver reaches. */
export type Send = (url: string, options?: Partial<EgressRequest>) => Promise<EgressResponse>

/** @param allow as in EGRESS_ALLOW */
export function client(allow: string, parts?: EgressParts): Send {
  const { value, stop } = openEgress(egressConfig(new ConfigReader({ EGRESS_ALLOW: allow })), parts)
  onTestFinished(() => stop(0))
  return (url, options) =>
    value.request({ url, method: 'GET', timeoutMs: 20_000, maxResponseBytes: 1 << 20, ...options })
}

export interface Receiver {
  readonly port: number
  /** All connections that have been opened to it. */
  readonly sockets: readonly Socket[]
}

/** An HTTP server on all addresses of this machine. */
export const receive = (listener: RequestListener): Promise<Receiver> => start(createHttpServer(listener))

/** A server that writes what the test wants, whether it is HTTP or not. */
export const receiveRaw = (listener: (socket: Socket) => void): Promise<Receiver> =>
  start(
    createServer((socket) => {
      // It sees the end of a connection only while it reads.
      socket.on('error', () => {}).resume()
      listener(socket)
    }),
  )

export async function start(server: Server): Promise<Receiver> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

/** An answer that is whole at once. */
export const ok = (body: string, headers = ''): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`
