import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { sizeFor } from '../size/size.ts'
import { print, printJson } from '../terminal/output.ts'
import { table, thousands } from '../terminal/table.ts'

const usage = `
weir size --events-per-hour N --bytes N [options]

Estimates the brokers, partitions and replicas that a load needs and how fast storage grows, from the rates
that Weir's own benchmark measured. Lists every assumption. Needs no broker.

  --events-per-hour N   the average; K, M and G stand for thousand, million and billion
  --bytes N             the size of a record's value
  --peak N              the busiest seconds, as a multiple of the average (3)
  --retention HOURS     how long the topics keep records (168)
  --json                prints JSON

Examples
  weir size --events-per-hour 500M --bytes 200 --peak 3
`

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 }

export const size = command({
  name: 'size',
  summary: 'Estimate the brokers, partitions and replicas for a load',
  usage,
  options: {
    'events-per-hour': { type: 'string' },
    bytes: { type: 'string' },
    peak: { type: 'string' },
    retention: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run({ 'events-per-hour': events, bytes, peak, retention, json }, positionals) {
    onlyPositionals(positionals, 0)
    if (events === undefined || bytes === undefined)
      throw new UsageError(
        `${events === undefined ? '--events-per-hour is missing; give the number of events' : '--bytes is missing; give the size of an event'}.`,
      )
    const load = {
      eventsPerHour: eventsOf(events),
      bytes: wholeNumber('--bytes', bytes, 0, 1, 1 << 20),
      peak: factor(peak ?? '3'),
      retentionHours: wholeNumber('--retention', retention, 168, 1, 8760),
    }
    const result = sizeFor(load)
    if (json) return printJson({ load, ...result }).then(() => EXIT.ok)
    const { replicas, storage } = result
    await print(
      table(
        ['WHAT', 'HOW MUCH'],
        [
          ['records per second, average', thousands(Math.round(result.meanPerSecond))],
          ['records per second, peak', thousands(Math.round(result.peakPerSecond))],
          ['brokers of 2 vCPU', thousands(result.brokers)],
          ['partitions per topic', thousands(result.partitions)],
          ['partition replicas per broker', thousands(result.partitionsPerBroker)],
          ...Object.entries(replicas).map(([service, count]) => [`replicas of ${service}`, thousands(count)]),
          ['cores for indexing', thousands(result.searchCores)],
          ['storage, growth per day', inBytes(storage.perDay)],
          ['storage at full retention', inBytes(storage.atRetention)],
          ['storage to order per broker', inBytes(storage.perBroker)],
        ],
      ),
    )
    await print(`\nAssumptions\n${result.assumptions.map((one) => `  - ${one}\n`).join('')}`)
    return EXIT.ok
  },
})

function eventsOf(text: string): number {
  const [, digits, unit] = /^(\d{1,15}(?:\.\d{1,6})?)([KMG]?)$/.exec(text) ?? []
  const value = Number(digits) * (UNITS[unit] ?? NaN)
  if (!(value >= 1 && value <= 1e15))
    throw new UsageError(
      `--events-per-hour is "${text}"; it must be a number such as 500M, from 1 to 1000000G.`,
    )
  return value
}

function factor(text: string): number {
  const value = Number(text)
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(text) || value < 1)
    throw new UsageError(`--peak is "${text}"; it must be a number from 1 to 9999.`)
  return value
}

function inBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB']
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)))
  return `${(bytes / 1000 ** step).toFixed(1)} ${units[step]}`
}
