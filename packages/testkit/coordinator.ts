/**
 * Starts the shared servers on request: `GET /kafka` and its like answer with the server's JSON once it is
 * ready. Listens on the loopback address only.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SharedServers } from '@weir/stack/shared-servers.ts'

const NAMES = ['kafka', 'registry', 'redis', 'opensearch', 'elasticsearch', 'dynamodb', 'objects'] as const

/** Calls `choose` at the first request. */
export async function openCoordinator(
  choose: () => Promise<SharedServers>,
): Promise<{ url: string; stop(): Promise<void> }> {
  let shared: Promise<SharedServers> | undefined
  const server = createServer((request, response) => {
    const name = NAMES.find((candidate) => request.url === `/${candidate}`)
    if (name === undefined) {
      response.writeHead(404).end(`There is no server ${request.url}.`)
      return
    }
    shared ??= choose()
    shared
      .then((servers): Promise<unknown> => servers[name]())
      .then(
        (started) =>
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(started)),
        (error: Error) => response.writeHead(503).end(error.message),
      )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await (await shared)?.stop()
    },
  }
}
