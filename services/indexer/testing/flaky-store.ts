/** A proxy before an object store, which fails as stores and networks do. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FlakyStore {
  readonly url: string
  /** While true, some requests fail. */
  flaky: boolean
  /** How many requests failed: with an error, without reaching the store, or after it had done them. */
  readonly failures: { refused: number; cut: number; unanswered: number }
  stop(): Promise<void>
}

/** @param random returns numbers from 0 up to 1 */
export async function startFlakyStore(storeUrl: string, random: () => number): Promise<FlakyStore> {
  const failures = { refused: 0, cut: 0, unanswered: 0 }
  const server = createServer((incoming, answer) => {
    const luck = store.flaky ? random() : 1
    if (luck < 0.1) {
      failures.refused++
      incoming.resume()
      answer.writeHead(500).end()
      return
    }
    if (luck < 0.2) {
      failures.cut++
      incoming.socket.destroy()
      return
    }
    const { method, headers, url } = incoming
    const forwarded = request(new URL(url!, storeUrl), { method, headers }, (response) => {
      if (luck < 0.35) {
        failures.unanswered++
        response.resume()
        response.once('end', () => incoming.socket.destroy())
        return
      }
      answer.writeHead(response.statusCode!, response.headers)
      response.pipe(answer)
    })
    forwarded.once('error', () => answer.destroy())
    incoming.pipe(forwarded)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const store: FlakyStore = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    flaky: false,
    failures,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return store
}
