/**
 * An HTTP proxy in front of a real destination. Tests can tell it to misbehave, so faults occur exactly when a
 * test needs them.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request as send } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * pass: forwards. slow: the same, but SLOW_MS later. refuse: hangs up before the request reaches the
 * destination. cut: the destination does the work, but the reply is lost. hang: the same, but the connection
 * stays open. A number: the proxy answers with that status itself.
 */
export type Fault = 'pass' | 'slow' | 'refuse' | 'cut' | 'hang' | number

export const SLOW_MS = 300

export interface FaultyProxy {
  readonly url: string
  /**
   * Called for every request; the default is pass. `port` is the client's port, which distinguishes its
   * connections.
   */
  fault: (path: string, body: Buffer, headers: IncomingHttpHeaders, port: number) => Fault
  readonly isWrite: (path: string) => boolean
  /** All writes received, whatever their outcome. */
  readonly writes: Buffer[]
  close(): Promise<void>
}

export interface FaultyProxyOptions {
  /** Whether requests of this path write records. */
  readonly isWrite: (path: string) => boolean
  /** Private key and certificate; if given, the proxy speaks TLS. */
  readonly pem?: Buffer
}

export async function faultyProxy(
  target: string,
  { isWrite, pem }: FaultyProxyOptions,
): Promise<FaultyProxy> {
  const agent = new Agent({ keepAlive: true })
  const listener = (request: IncomingMessage, response: ServerResponse): void => void serve(request, response)
  const server = pem ? createTlsServer({ key: pem, cert: pem }, listener) : createServer(listener)

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const path = request.url ?? '/'
    if (isWrite(path)) proxy.writes.push(body)
    const fault = proxy.fault(path, body, request.headers, request.socket.remotePort ?? 0)
    if (fault === 'refuse') return void request.socket.destroy()
    if (fault === 'slow') await pause(SLOW_MS)
    if (typeof fault === 'number') {
      response.writeHead(fault, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
      return void response.end(
        JSON.stringify({
          error: { type: 'made_up', reason: `answered ${fault} by the proxy` },
          status: fault,
        }),
      )
    }
    const upstream = send(
      new URL(path, target),
      { method: request.method, headers: request.headers, agent },
      (answer) => {
        if (fault === 'cut') request.socket.destroy()
        if (fault === 'cut' || fault === 'hang') return void answer.resume()
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    upstream.on('error', () => request.socket.destroy())
    upstream.end(body)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultyProxy = {
    url: `${pem ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => 'pass',
    isWrite,
    writes: [],
    close: () =>
      new Promise((resolve) => {
        agent.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return proxy
}
