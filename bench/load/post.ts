/**
 * A separate process that posts batches: POST_URL, POST_BATCHES, POST_SIZE, POST_CONCURRENCY. Exits with 1 if
 * a response is not 200.
 */
import { Agent } from 'node:http'
import { postJson } from './post-json.ts'
import { bodies } from './reports.ts'

const url = process.env.POST_URL!
const batches = Number(process.env.POST_BATCHES)
const concurrency = Number(process.env.POST_CONCURRENCY)
const prepared = bodies(20, Number(process.env.POST_SIZE))
const agent = new Agent({ keepAlive: true, maxSockets: concurrency })

let next = 0
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (next < batches) await postJson(url, agent, prepared[next++ % prepared.length])
  }),
)
agent.destroy()
