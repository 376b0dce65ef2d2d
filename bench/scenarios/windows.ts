/**
 * Tumbling windows of ten seconds over a backlog, exactly once: count, sum, least and greatest of each key. All
 * contenders read the same topic, and what they find must be what the bench has computed, each window once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drain } from '../backlog.ts'
import type { Context } from '../context.ts'
import { type Process, startNode } from '../processes.ts'
import type { Figure } from '../report.ts'
import { checkResults, closeWindows, type Input, PARTITIONS, writeReadings } from '../windows/readings.ts'
import { startStreams } from '../windows/streams.ts'

const TASK = fileURLToPath(new URL('../windows/task.ts', import.meta.url))
/** Kafka Streams looks for closed windows once a second, and only when a record comes. */
const EMIT_PAUSE_MS = 1_500

type Start = (folder: string, env: Readonly<Record<string, string>>) => Process | Promise<Process>

let number = 0

export function windows(records: number) {
  let input: Promise<Input> | undefined
  const measured = (start: Start) => async (context: Context) => {
    input ??= writeReadings(context, `bench.windows.${process.pid}`, records)
    return measure(context, await input, start)
  }
  return {
    title: 'Tumbling windows of 10 s by key, exactly once',
    contenders: {
      'weir windows': measured((_folder, env) => startNode(TASK, env)),
      'Kafka Streams, RocksDB': measured((folder, env) => startStreams(folder, 'ROCKS_DB', env)),
      'Kafka Streams, in memory': measured((folder, env) => startStreams(folder, 'IN_MEMORY', env)),
    },
  }
}

async function measure(context: Context, input: Input, start: Start): Promise<Figure> {
  const { kafka } = context
  const group = `${input.topic}.${++number}`
  const [output, changelog] = [`${group}.out`, `${group}.state`]
  await kafka.admin.createTopics([
    { name: output, partitions: PARTITIONS, replicas: 1, configs: {} },
    { name: changelog, partitions: PARTITIONS, replicas: 1, configs: { 'cleanup.policy': 'compact' } },
  ])
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  const names = { GROUP: group, INPUT: input.topic, OUTPUT: output, CHANGELOG: changelog }
  const worker = await start(folder, { ...context.env, ...names, STATE_DIR: join(folder, 'state') })
  let figure: Figure
  try {
    const end = (await kafka.admin.offsets(input.topic)).reduce((sum, { latest }) => sum + latest, 0)
    figure = { ...(await drain(context, group, input.topic, end, worker)), peakMb: worker.peakMb() }
    await pause(EMIT_PAUSE_MS)
    await closeWindows(context, input)
    await drain(context, group, input.topic, PARTITIONS, worker)
  } finally {
    await worker.stop()
    rmSync(folder, { recursive: true })
  }
  await checkResults(context, output, input)
  const topics = (await kafka.admin.topics())
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${group}.`) || name.startsWith(`${group}-`))
  await kafka.admin.deleteTopics(topics)
  return figure
}
