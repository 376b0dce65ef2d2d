/** An HTTP server to which functions post JSON. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Collector<T> {
  /** Everything that was posted so far. */
  readonly posted: T[]
  readonly address: string
}

/** @param after registers the function that ends the server */
export async function collector<T>(after: (end: () => void) => void): Promise<Collector<T>> {
  const posted: T[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    posted.push(JSON.parse(text))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => void server.close())
  return { posted, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}
