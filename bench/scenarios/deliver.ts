/** Delivery streams: records of 150 bytes from Kafka into objects, and what their compression alone costs. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createGzip } from 'node:zlib'
import { type Compression, openDeliveryStreams } from '@weir/deliveries'
import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { NO_HEADERS, writeRecords } from '@weir/kafka'
import { logger } from '@weir/service'
import type { Context } from '../context.ts'
import { freePort, ready, startNode } from '../processes.ts'
import type { Figure } from '../report.ts'

const PARTITIONS = 6
const BATCH = 2000

export const deliver = (records: number) => ({
  title: 'records of 150 bytes → objects of 16 MiB',
  contenders: {
    'weir indexer, GZIP': (context: Context) => delivered(context, records, 'GZIP'),
    'weir indexer, as they are': (context: Context) => delivered(context, records, 'UNCOMPRESSED'),
    'gzip alone': () => compressed(records),
  },
})

/** Readings as vehicles send them, each of about 150 bytes. */
function line(i: number): string {
  const number = (i * 2654435761) >>> 0
  return JSON.stringify({
    vehicle: `vehicle-${number % 5000}`,
    at: 1_764_014_400_000 + i * 7,
    latitude: 37 + (number % 99991) / 1e5,
    longitude: 23 + (number % 77773) / 1e5,
    speed: number % 120,
    state: 'driving',
  })
}

async function delivered(context: Context, records: number, compression: Compression): Promise<Figure> {
  const { kafka, codec, env } = context
  const store = await startStore()
  const port = await freePort()
  const process = startNode(fileURLToPath(new URL('../../services/indexer/main.ts', import.meta.url)), {
    ...env,
    HTTP_PORT: String(port),
    WEIR_SOLUTIONS: 'location-offers',
    AWS_ENDPOINT_URL_S3: store.url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  })
  const streams = await openDeliveryStreams({ kafka, codec, log: logger('bench') })
  const run = async (count: number): Promise<void> => {
    const stream = deliveryStream(`bench-${randomBytes(4).toString('hex')}`, { sizeMiB: 16, compression })
    await fill(context, stream.topic, count)
    const before = store.bytes()
    const started = { cpu: process.cpu(), at: performance.now() }
    await streams.value.change(stream.name, () => stream)
    for (let isDone = false; !isDone; await pause(50)) {
      const shown = (await (
        await fetch(`http://127.0.0.1:${port}/v1/deliveries/${stream.name}`)
      ).json()) as any
      isDone = shown.collecting === 0 && shown.waiting.objects === 0
    }
    figure = {
      perCpuSecond: count / (process.cpu() - started.cpu),
      perSecond: (count * 1000) / (performance.now() - started.at),
      peakMb: process.peakMb(),
    }
    if (store.bytes() === before) throw new Error('Nothing was delivered.')
    await streams.value.change(stream.name, () => undefined)
  }
  let figure: Figure
  try {
    await ready(`http://127.0.0.1:${port}/readyz`, process)
    await run(records / 4)
    await run(records)
    return figure!
  } finally {
    await process.stop()
    await streams.stop(1000)
    store.stop()
  }
}

async function fill({ kafka }: Context, topic: string, records: number): Promise<void> {
  await kafka.admin.createTopics([{ name: topic, partitions: PARTITIONS, replicas: 1, configs: {} }])
  const producer = await kafka.producer()
  for (let from = 0; from < records; from += BATCH) {
    await writeRecords(producer, (out) => {
      for (let i = from; i < from + BATCH; i++) {
        const value = Buffer.from(line(i))
        out.append(topic, (from / BATCH) % PARTITIONS, null, 0, 0, value, 0, value.length, NO_HEADERS, 0, 1)
      }
    })
  }
  await producer.stop()
}

/** Takes all objects and keeps none: its own speed is not measured. */
async function startStore(): Promise<{ url: string; bytes(): number; stop(): void }> {
  let bytes = 0
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => response.setHeader('etag', '"0"').end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    bytes: () => bytes,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The same lines, made before. */
async function compressed(records: number): Promise<Figure> {
  const lines = Array.from({ length: 100_000 }, (_, i) => `${line(i)}\n`)
  const text = Buffer.from(lines.join(''))
  const chunks = Array.from({ length: Math.ceil(text.length / 65_536) }, (_, i) =>
    text.subarray(i * 65_536, (i + 1) * 65_536),
  )
  const rounds = Math.ceil(records / lines.length)
  const [cpu, from] = [process.cpuUsage(), performance.now()]
  for (let round = 0; round < rounds; round++) {
    const gzip = createGzip()
    const done = new Promise((resolve) => gzip.once('end', resolve))
    gzip.resume()
    for (const chunk of chunks)
      if (!gzip.write(chunk)) await new Promise((resolve) => gzip.once('drain', resolve))
    gzip.end()
    await done
  }
  const { user, system } = process.cpuUsage(cpu)
  const count = rounds * lines.length
  return {
    perCpuSecond: count / ((user + system) / 1e6),
    perSecond: (count * 1000) / (performance.now() - from),
  }
}
