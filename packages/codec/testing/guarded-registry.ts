/** The real registry behind a proxy that requires a user and a password, as a production registry does. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** @param userAndPassword user:password; @param registry the URL that requests are passed on to */
export async function guardedRegistry(
  registry: string,
  userAndPassword: string,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const expected = `Basic ${Buffer.from(userAndPassword).toString('base64')}`
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    if (request.headers.authorization !== expected)
      return response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"error_code":401,"message":"Unauthorized"}')
    const answer = await fetch(`${registry}${request.url}`, {
      method: request.method,
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      body: body.length > 0 ? body : undefined,
    })
    response
      .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' })
      .end(Buffer.from(await answer.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
