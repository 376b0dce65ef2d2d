/** Fills topics and measures how fast a process works off the backlog. */
import { setTimeout as pause } from 'node:timers/promises'
import { HEADERS } from '@weir/contracts'
import { encodeHeaders, partitionFor } from '@weir/kafka'
import type { Context } from './context.ts'
import { report } from './load/reports.ts'
import { type Process, startNode } from './processes.ts'
import type { Figure } from './report.ts'

const BATCH = 5000

/** Writes `count` reports, as the contract's Avro or, for the baselines, as JSON. */
export async function fill(
  { kafka, codec }: Context,
  topic: string,
  count: number,
  format: 'avro' | 'json',
): Promise<void> {
  const writer = await codec.writer('taxi.telemetry')
  const producer = await kafka.producer()
  const partitions = await kafka.partitions(topic)
  const scratch = Buffer.alloc(4096)
  const now = Date.now()
  for (let from = 0; from < count; from += BATCH) {
    const delivery = producer.delivery()
    for (let number = from; number < Math.min(count, from + BATCH); number++) {
      const value = report(number, now)
      const key = Buffer.from(value.deviceId)
      const end = format === 'avro' ? writer.encode(value, scratch, 0) : scratch.write(JSON.stringify(value))
      const headers = encodeHeaders({ [HEADERS.id]: `${now}-${number}`, [HEADERS.source]: 'bench' })
      delivery.append(
        topic,
        partitionFor(key, 0, key.length, partitions),
        key,
        0,
        key.length,
        scratch,
        0,
        end,
        headers,
        0,
        headers.length,
      )
    }
    const failures = await delivery.settled()
    if (failures.length > 0) throw failures[0].error
  }
  await producer.stop()
}

/** Starts a process whose group reads the backlog, and measures it until it has read everything. */
export async function worked(
  context: Context,
  group: string,
  topic: string,
  records: number,
  main: string,
  env: Readonly<Record<string, string>>,
): Promise<Figure> {
  const process = startNode(main, env)
  try {
    return await drain(context, group, topic, records, process)
  } finally {
    await process.stop()
  }
}

/** Waits until the group has read everything. The first fifth warms up and is not counted. */
export async function drain(
  { kafka }: Context,
  groupId: string,
  topic: string,
  backlog: number,
  process: Process,
): Promise<Figure> {
  const deadline = Date.now() + 180_000
  const lag = async (): Promise<number> => {
    const partitions = (await kafka.admin.lag(groupId).catch(() => [])).filter(
      (partition) => partition.topic === topic,
    )
    return partitions.length === 0 ? backlog : partitions.reduce((sum, partition) => sum + partition.lag, 0)
  }
  const until = async (least: number): Promise<{ lag: number; cpu: number; at: number }> => {
    for (;;) {
      const now = await lag()
      if (now <= least) return { lag: now, cpu: process.cpu(), at: performance.now() }
      if (Date.now() > deadline)
        throw new Error(`${groupId} still has to read ${now} records after three minutes.`)
      await pause(50)
    }
  }
  const start = await until(backlog * 0.8)
  const end = await until(0)
  return {
    perCpuSecond: start.lag / (end.cpu - start.cpu),
    perSecond: (start.lag * 1000) / (end.at - start.at),
  }
}
