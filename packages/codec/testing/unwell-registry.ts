/**
 * A server that answers like a registry in trouble, which a real one cannot be made to do on demand. It
 * listens on the loopback address.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface UnwellRegistry {
  readonly url: string
  /** The paths requested so far. */
  readonly asked: string[]
  /** The answer to every request from now on; 'silence' never answers. */
  answer: { readonly status: number; readonly body: string } | 'silence'
  /** Whether requests for the latest versions of subjects succeed nevertheless. */
  hasContracts: boolean
  stop(): Promise<void>
}

export async function unwellRegistry(): Promise<UnwellRegistry> {
  const server = createServer((request, response) => {
    registry.asked.push(request.url ?? '')
    if (registry.answer === 'silence') return
    const answer =
      registry.hasContracts && request.url?.endsWith('/versions/latest')
        ? { status: 200, body: '{"id":1}' }
        : registry.answer
    response
      .writeHead(answer.status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
      .end(answer.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registry: UnwellRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer: 'silence',
    hasContracts: true,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return registry
}
