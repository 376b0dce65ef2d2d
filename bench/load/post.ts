/**
 * A separate process that posts batches: POST_URL, POST_BATCHES, POST_SIZE, POST_CONCURRENCY. Exits with 1 if
 * a response is not 200.
 */
import { Agent, request } from 'node:http'
import { bodies } from './reports.ts'

const url = process.env.POST_URL!
const batches = Number(process.env.POST_BATCHES)
const concurrency = Number(process.env.POST_CONCURRENCY)
const prepared = bodies(20, Number(process.env.POST_SIZE))
const agent = new Agent({ keepAlive: true, maxSockets: concurrency })

const post = (body: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        response.resume()
        response.once('end', () =>
          response.statusCode === 200
            ? resolve()
            : reject(new Error(`${url} answered ${response.statusCode}`)),
        )
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })

let next = 0
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (next < batches) await post(prepared[next++ % prepared.length])
  }),
)
agent.destroy()
