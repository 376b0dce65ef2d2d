/** An HTTP server that receives what services send. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Ms since the epoch. */
  readonly at: number
}

export interface HttpReceiver {
  readonly url: string
  readonly received: readonly Received[]
  /** The Location of answers. */
  redirectTo: string | undefined
  stop(): Promise<void>
}

/** @param answer returns the status; a promise that never settles makes the receiver hang */
export async function startReceiver(
  answer: (received: Received) => number | Promise<number> = () => 200,
): Promise<HttpReceiver> {
  const received: Received[] = []
  const receiver: Omit<HttpReceiver, 'url' | 'stop'> = { received, redirectTo: undefined }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString(), at: Date.now() }
      received.push(one)
      response.statusCode = await answer(one)
      if (receiver.redirectTo !== undefined) response.setHeader('location', receiver.redirectTo)
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
