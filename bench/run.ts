/**
 * npm run bench [-- --rounds 5 --quick --only http,enrich,…]
 * Contenders take turns within each round, so that a machine that slows down slows all of them, and every
 * other round has them in reverse order. Prints Markdown tables.
 */
import { parseArgs } from 'node:util'
import { type Context, openContext } from './context.ts'
import { type Figure, type Latency, latencyTable, throughputTable } from './report.ts'
import { agent } from './scenarios/agent.ts'
import { alerts } from './scenarios/alerts.ts'
import { deliver } from './scenarios/deliver.ts'
import { detect } from './scenarios/detect.ts'
import { enrich, once } from './scenarios/enrich.ts'
import { httpToKafka } from './scenarios/http-to-kafka.ts'
import { indexDocuments } from './scenarios/index-documents.ts'
import { latency } from './scenarios/latency.ts'
import { invoke, predict } from './scenarios/models.ts'
import { mqtt } from './scenarios/mqtt.ts'
import { notify, publish } from './scenarios/notifications.ts'
import { offers } from './scenarios/offers.ts'
import { prices } from './scenarios/prices.ts'
import { putRecordBatch, putRecords } from './scenarios/put-records.ts'
import { rules } from './scenarios/rules.ts'
import { windows } from './scenarios/windows.ts'

const {
  values: { rounds, quick, only },
} = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
const part = quick ? 0.2 : 1
const scenarios = {
  http: httpToKafka(800 * part),
  enrich: enrich(1_600_000 * part),
  once: once(1_600_000 * part),
  index: indexDocuments(400_000 * part),
  kinesis: putRecords(800 * part),
  firehose: putRecordBatch(800 * part),
  agent: agent(1_000_000 * part),
  latency: latency(1000, 30 * part),
  mqtt: mqtt(1_000_000 * part),
  offers: offers(500, 30 * part),
  notify: notify(1000, 30 * part),
  publish: publish(20_000 * part),
  rules: rules(1_000_000 * part),
  deliver: deliver(1_000_000 * part),
  detect: detect(50_000 * part),
  alerts: alerts(300, 60 * part),
  windows: windows(4_000_000 * part),
  predict: predict(10 * part),
  invoke: invoke(500, 30 * part),
  prices: prices(1000, 60 * part),
}
const chosen = (only?.split(',') ?? Object.keys(scenarios)).map((name) => {
  if (!(name in scenarios))
    throw new Error(`There is no scenario "${name}"; --only takes ${Object.keys(scenarios).join(', ')}.`)
  return name as keyof typeof scenarios
})

/** Scenarios whose figures are latencies. */
const LATENCIES = ['latency', 'offers', 'notify', 'alerts', 'invoke', 'prices']
/** Scenarios that need no servers. */
const ALONE = ['detect', 'predict']
const context = chosen.every((name) => ALONE.includes(name)) ? undefined : await openContext()
const figures = new Map(chosen.map((name) => [name, [] as Map<string, Figure | Latency>[]]))
for (let round = 1; round <= Number(rounds); round++) {
  for (const name of chosen) {
    const figure = new Map<string, Figure | Latency>()
    const contenders = Object.entries(scenarios[name].contenders)
    for (const [contender, measure] of round % 2 === 0 ? contenders.toReversed() : contenders) {
      figure.set(contender, await measure(context?.value as Context))
      process.stderr.write(
        `round ${round}: ${name}: ${contender}: ${JSON.stringify(figure.get(contender))}\n`,
      )
    }
    figures.get(name)!.push(figure)
  }
}
await context?.stop()
for (const [name, rounds] of figures) {
  const table = LATENCIES.includes(name)
    ? latencyTable(scenarios[name].title, rounds as Map<string, Latency>[])
    : throughputTable(scenarios[name].title, rounds as Map<string, Figure>[])
  process.stdout.write(`${table}\n`)
}
process.exit(0)
