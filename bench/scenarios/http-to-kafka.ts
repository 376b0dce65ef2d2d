/**
 * HTTP batches of 500 records → Kafka, acks=all. The hub's process is measured; the load comes from another
 * process.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Context } from '../context.ts'
import { perfTools } from '../java.ts'
import { freePort, ready, startNode, startProcess } from '../processes.ts'
import type { Figure } from '../report.ts'

const SIZE = 500
const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const httpToKafka = (batches: number) => ({
  title: `HTTP batches of ${SIZE} → Kafka`,
  contenders: {
    'weir ingest-hub': (context: Context) =>
      hub(file('../services/ingest-hub/main.ts'), '/v1/topics/taxi.telemetry/records', context.env, batches),
    'Fastify + kafkajs + JSON': (context: Context) =>
      hub(file('baseline/hub.ts'), '/', { KAFKA_BROKERS: context.brokers, TOPIC: 'bench.json' }, batches),
    "Kafka's Java perf tool (no HTTP, no JSON)": (context: Context) => javaProducer(context, batches * SIZE),
  },
})

async function hub(
  main: string,
  path: string,
  env: Readonly<Record<string, string>>,
  batches: number,
): Promise<Figure> {
  const port = await freePort()
  const process = startNode(main, { ...env, HTTP_PORT: String(port) })
  try {
    await ready(`http://127.0.0.1:${port}/readyz`, process)
    const url = `http://127.0.0.1:${port}${path}`
    await post(url, Math.ceil(batches / 5))
    const cpu = process.cpu()
    const from = performance.now()
    await post(url, batches)
    return {
      perCpuSecond: (batches * SIZE) / (process.cpu() - cpu),
      perSecond: (batches * SIZE * 1000) / (performance.now() - from),
    }
  } finally {
    await process.stop()
  }
}

async function post(url: string, batches: number): Promise<void> {
  const load = startProcess(globalThis.process.execPath, [file('load/post.ts')], {
    POST_URL: url,
    POST_BATCHES: String(batches),
    POST_SIZE: String(SIZE),
    POST_CONCURRENCY: '4',
  })
  if ((await load.exited) !== 0) throw new Error(`The load on ${url} failed; see above.`)
}

/** Measures the CPU time of the whole JVM, its start included, by the shell's own accounting. */
async function javaProducer({ brokers }: Context, records: number): Promise<Figure> {
  const java = [
    'java',
    '-cp',
    await perfTools(),
    'org.apache.kafka.tools.ProducerPerformance',
    '--topic',
    'bench.java',
    '--num-records',
    String(records),
    '--record-size',
    '200',
    '--throughput',
    '-1',
    '--producer-props',
    `bootstrap.servers=${brokers}`,
    'acks=all',
    'linger.ms=5',
    'batch.size=131072',
  ]
  const from = performance.now()
  const { stderr } = await promisify(execFile)('bash', [
    '-c',
    'TIMEFORMAT="cpu %U %S"; time "$0" "$@" >/dev/null 2>&1',
    ...java,
  ])
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr)!
  return {
    perCpuSecond: records / (Number(user) + Number(system)),
    perSecond: (records * 1000) / (performance.now() - from),
  }
}
