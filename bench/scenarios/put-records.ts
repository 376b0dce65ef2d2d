/**
 * Kinesis' PutRecords and Firehose's PutRecordBatch with 500 records of 200 bytes, signed, over HTTP/1.1: into
 * Kafka with acks=all, and PutRecords into kinesalite, which keeps records in memory.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Context } from '../context.ts'
import { freePort, type Process, ready, startNode, startProcess } from '../processes.ts'
import type { Figure } from '../report.ts'

const SIZE = 500
const STREAM = 'bench'
const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const kinesalite = createRequire(import.meta.url).resolve('kinesalite/cli.js')

/** @param batches number of batches for Weir; kinesalite, which is slower, gets a tenth of them */
export const putRecords = (batches: number) => ({
  title: `PutRecords of ${SIZE} records of 200 bytes`,
  contenders: {
    'weir ingest-hub → Kafka, acks=all': weir('put-records.ts', batches),
    'kinesalite, in memory': async () => {
      const port = await freePort()
      const process = startProcess(globalThis.process.execPath, [
        kinesalite,
        '--port',
        String(port),
        '--createStreamMs',
        '50',
        '--shardLimit',
        '100',
      ])
      await answers(`http://127.0.0.1:${port}/`)
      return measure(process, port, 'put-records.ts', Math.ceil(batches / 10))
    },
  },
})

export const putRecordBatch = (batches: number) => ({
  title: `PutRecordBatch of ${SIZE} records of 200 bytes`,
  contenders: { 'weir ingest-hub → Kafka, acks=all': weir('put-record-batch.ts', batches) },
})

const weir =
  (load: string, batches: number) =>
  async (context: Context): Promise<Figure> => {
    const port = await freePort()
    const process = startNode(file('../services/ingest-hub/main.ts'), {
      ...context.env,
      HTTP_PORT: String(port),
    })
    await ready(`http://127.0.0.1:${port}/readyz`, process)
    return measure(process, port, load, batches)
  }

/** @param load the file in load/ that puts the records */
async function measure(process: Process, port: number, load: string, batches: number): Promise<Figure> {
  try {
    const url = `http://127.0.0.1:${port}`
    await put(url, load, Math.ceil(batches / 5))
    const cpu = process.cpu()
    const from = performance.now()
    await put(url, load, batches)
    return {
      perCpuSecond: (batches * SIZE) / (process.cpu() - cpu),
      perSecond: (batches * SIZE * 1000) / (performance.now() - from),
    }
  } finally {
    await process.stop()
  }
}

async function put(url: string, load: string, batches: number): Promise<void> {
  const env = {
    PUT_URL: url,
    PUT_STREAM: STREAM,
    PUT_BATCHES: String(batches),
    PUT_SIZE: String(SIZE),
    PUT_CONCURRENCY: '4',
  }
  const putting = startProcess(process.execPath, [file(`load/${load}`)], env)
  if ((await putting.exited) !== 0) throw new Error(`The load on ${url} failed; see above.`)
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${url} did not answer within 10 s.`)
}
