/** A server that answers like a registry in trouble: what a real one cannot be made to do on demand. It listens on the loopback address. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface UnwellRegistry {
  readonly url: string
  /** The paths asked for so far. */
  readonly asked: string[]
  /** What every request gets from now on; 'silence' never answers. */
  answer: { readonly status: number, readonly body: string } | 'silence'
  stop(): Promise<void>
}

export async function unwellRegistry(): Promise<UnwellRegistry> {
  const server = createServer((request, response) => {
    registry.asked.push(request.url ?? '')
    if (registry.answer === 'silence') return
    response.writeHead(registry.answer.status, { 'content-type': 'application/vnd.schemaregistry.v1+json' }).end(registry.answer.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registry: UnwellRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer: 'silence',
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return registry
}
