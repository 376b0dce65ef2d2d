/**
 * Measures the time from the request until a read_committed consumer of taxi.enriched has the record, at a
 * steady rate.
 */
import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { postJson } from '../load/post-json.ts'
import { report } from '../load/reports.ts'
import { freePort, type Process, ready, startNode } from '../processes.ts'
import type { Latency } from '../report.ts'

const EVERY_MS = 10
const WARM_UP_SECONDS = 5
const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const latency = (perSecond: number, seconds: number) => ({
  title: `End-to-end latency at ${perSecond.toLocaleString('en')} records/s`,
  contenders: {
    'weir (exactly once)': (context: Context) =>
      chain(context, perSecond, seconds, {
        hub: file('../services/ingest-hub/main.ts'),
        path: '/v1/topics/taxi.telemetry/records',
        enricher: file('../services/enricher/main.ts'),
        env: context.env,
        output: 'taxi.enriched',
      }),
    'Fastify + kafkajs + JSON (at least once)': (context: Context) =>
      chain(context, perSecond, seconds, {
        hub: file('baseline/hub.ts'),
        path: '/',
        enricher: file('baseline/enricher.ts'),
        env: {
          KAFKA_BROKERS: context.brokers,
          TOPIC: 'bench.json',
          OUTPUT: 'bench.json.out',
          GROUP: 'bench.enricher',
        },
        output: 'bench.json.out',
      }),
  },
})

interface Chain {
  readonly hub: string
  readonly path: string
  readonly enricher: string
  readonly env: Readonly<Record<string, string>>
  readonly output: 'taxi.enriched' | 'bench.json.out'
}

async function chain(
  context: Context,
  perSecond: number,
  seconds: number,
  { hub, path, enricher, env, output }: Chain,
): Promise<Latency> {
  const [hubPort, enricherPort] = [await freePort(), await freePort()]
  const processes: Process[] = [
    startNode(hub, { ...env, HTTP_PORT: String(hubPort) }),
    startNode(enricher, { ...env, HTTP_PORT: String(enricherPort) }),
  ]
  const total = perSecond * (seconds + WARM_UP_SECONDS)
  const sentAt = new Float64Array(total)
  const histogram = latencyHistogram()
  const run = `run-${Date.now()}-`
  let received = 0
  const reader = await context.codec.reader('taxi.enriched')
  const reading = await context.kafka.read(
    { topics: [output], from: 'latest', until: 'stopped' },
    async (batch) => {
      const now = performance.now()
      if (output === 'taxi.enriched') await reader.prepare(batch)
      for (let i = 0; i < batch.length; i++) {
        const { tripId } =
          output === 'taxi.enriched'
            ? reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])
            : JSON.parse(batch.bytes.toString('utf8', batch.valueStart[i], batch.valueEnd[i]))
        if (!tripId?.startsWith(run)) continue
        const number = Number(tripId.slice(run.length))
        received++
        if (number >= WARM_UP_SECONDS * perSecond) histogram.add(now - sentAt[number])
      }
    },
  )
  try {
    await ready(`http://127.0.0.1:${hubPort}/readyz`, processes[0])
    if (output === 'taxi.enriched') await ready(`http://127.0.0.1:${enricherPort}/readyz`, processes[1])
    await send(`http://127.0.0.1:${hubPort}${path}`, perSecond, total, run, sentAt)
    for (let waited = 0; received < total && waited < 20_000; waited += 100) await pause(100)
    if (received !== total) throw new Error(`${received} of ${total} records arrived in ${output}.`)
    return histogram.result()
  } finally {
    await reading.stop()
    for (const process of processes) await process.stop()
  }
}

/**
 * Sends a batch every 10 ms, whatever the responses do: a slow response must not thin out the load
 * (coordinated omission).
 */
async function send(
  url: string,
  perSecond: number,
  total: number,
  run: string,
  sentAt: Float64Array,
): Promise<void> {
  const agent = new Agent({ keepAlive: true })
  const size = (perSecond * EVERY_MS) / 1000
  const started = performance.now()
  const answers: Promise<void>[] = []
  for (let number = 0; number < total; number += size) {
    const due = started + (number / size) * EVERY_MS
    while (performance.now() < due) await pause(1)
    const records = Array.from({ length: size }, (_, i) => ({
      value: { ...report(number + i, Date.now()), tripId: `${run}${number + i}` },
    }))
    const body = Buffer.from(JSON.stringify({ records }))
    sentAt.fill(performance.now(), number, number + size)
    answers.push(postJson(url, agent, body))
  }
  await Promise.all(answers)
  agent.destroy()
}
