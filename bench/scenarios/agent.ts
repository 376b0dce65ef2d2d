/** `weir agent`: lines of 200 bytes from a file into a delivery stream. The CPU time is that of the agent alone. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openDeliveryStreams } from '@weir/deliveries'
import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { logger } from '@weir/service'
import type { Context } from '../context.ts'
import { freePort, ready, startNode, startProcess } from '../processes.ts'
import type { Figure } from '../report.ts'

const LINE_BYTES = 200
const CHUNK = 20_000
const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export const agent = (lines: number) => ({
  title: `Lines of ${LINE_BYTES} bytes → a delivery stream`,
  contenders: {
    'weir agent, a record for each line': (context: Context) => tailed(context, lines, 0),
    'weir agent, aggregated to 100 kB': (context: Context) => tailed(context, lines, 100_000),
  },
})

async function tailed(context: Context, lines: number, aggregatedRecordSizeBytes: number): Promise<Figure> {
  const { kafka, codec, env } = context
  const port = await freePort()
  const hub = startNode(file('services/ingest-hub/main.ts'), { ...env, HTTP_PORT: String(port) })
  const streams = await openDeliveryStreams({ kafka, codec, log: logger('bench') })
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-agent-'))
  try {
    const stream = deliveryStream(`agent-${Date.now()}`)
    const configs = { 'message.timestamp.type': 'LogAppendTime' }
    await kafka.admin.createTopics([{ name: stream.topic, partitions: 6, replicas: 1, configs }])
    await streams.value.change(stream.name, () => stream)
    await ready(`http://127.0.0.1:${port}/readyz`, hub)
    const log = join(folder, 'app.log')
    writeFileSync(log, '')
    const config = join(folder, 'agent.json')
    const flow = {
      filePattern: log,
      deliveryStream: stream.name,
      initialPosition: 'START_OF_FILE',
      maxBufferAgeMillis: 1000,
      aggregatedRecordSizeBytes,
    }
    writeFileSync(
      config,
      JSON.stringify({
        'firehose.endpoint': `http://127.0.0.1:${port}`,
        checkpointFile: join(folder, 'checkpoints'),
        awsAccessKeyId: 'test',
        awsSecretAccessKey: 'test',
        flows: [flow],
      }),
    )
    const process = startProcess(globalThis.process.execPath, [file('tools/weir/main.ts'), 'agent', config])
    const stored = async (): Promise<number> =>
      (await kafka.admin.offsets(stream.topic)).reduce((sum, { latest }) => sum + latest, 0)
    /** Resolves when nothing more is stored. */
    const untilStored = async (): Promise<number> => {
      for (let [before, at] = [-1, performance.now()]; ; await pause(100)) {
        const now = await stored()
        if (now !== before) [before, at] = [now, performance.now()]
        else if (now > 0 && performance.now() - at > 3000) return at
      }
    }
    append(log, lines / 5)
    await untilStored()
    const started = { cpu: process.cpu(), at: performance.now() }
    append(log, lines)
    const endedAt = await untilStored()
    const figure = {
      perCpuSecond: lines / (process.cpu() - started.cpu),
      perSecond: (lines * 1000) / (endedAt - started.at),
      peakMb: process.peakMb(),
    }
    await process.stop()
    return figure
  } finally {
    await streams.stop(1000)
    await hub.stop()
    rmSync(folder, { recursive: true })
  }
}

function append(log: string, lines: number): void {
  for (let i = 0; i < lines; i += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, lines - i) }, (_, j) => {
      const text = `2025-11-24T20:00:00.000Z INFO badge=${((i + j) * 2654435761) >>> 0} door=${(i + j) % 97} `
      return `${text.padEnd(LINE_BYTES - 1, 'entered the hall by the northern door; ')}\n`
    })
    appendFileSync(log, chunk.join(''))
  }
}
