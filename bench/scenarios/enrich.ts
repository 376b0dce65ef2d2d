/**
 * Consume → enrich → produce over a backlog in Kafka. Weir runs exactly once, in transactions; the baseline
 * runs at least once.
 */
import { fileURLToPath } from 'node:url'
import { drain, fill, worked } from '../backlog.ts'
import type { Context } from '../context.ts'
import { startNode } from '../processes.ts'
import type { Figure } from '../report.ts'

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const enrich = (records: number) => ({
  title: 'Consume → enrich → produce',
  contenders: {
    'weir enricher (exactly once)': async (context: Context): Promise<Figure> => {
      await fill(context, 'taxi.telemetry', records, 'avro')
      return worked(
        context,
        'enricher.taxi',
        'taxi.telemetry',
        records,
        file('../services/enricher/main.ts'),
        { ...context.env, HTTP_PORT: '0' },
      )
    },
    'kafkajs + JSON (at least once)': async (context: Context): Promise<Figure> => {
      await fill(context, 'bench.json', records, 'json')
      return worked(context, 'bench.enricher', 'bench.json', records, file('baseline/enricher.ts'), {
        KAFKA_BROKERS: context.brokers,
        TOPIC: 'bench.json',
        OUTPUT: 'bench.json.out',
        GROUP: 'bench.enricher',
      })
    },
  },
})

/** Measures the cost of the step that leaves out repeated records. Here, every record has its own id. */
export const once = (records: number) => ({
  title: 'The taxi flow, with and without its step once()',
  contenders: {
    'with once()': (context: Context) => taxiFlow(context, records, 'true'),
    without: (context: Context) => taxiFlow(context, records, 'false'),
  },
})

async function taxiFlow(context: Context, records: number, ONCE: 'true' | 'false'): Promise<Figure> {
  const [group, topic] = ['enricher.taxi', 'taxi.telemetry']
  const process = startNode(file('taxi-flow.ts'), { ...context.env, ONCE })
  const work = async (count: number): Promise<void> => {
    await fill(context, topic, count, 'avro')
    await drain(context, group, topic, count, process)
  }
  try {
    // Each partition's first batch reads back the ids of the last 15 minutes, which the rounds before left.
    await work(records / 4)
    const cpu = process.cpu()
    const from = performance.now()
    await work(records)
    return {
      perCpuSecond: records / (process.cpu() - cpu),
      perSecond: (records * 1000) / (performance.now() - from),
    }
  } finally {
    await process.stop()
  }
}
