import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { sizeFor } from '../size/size.ts'
import { print, printJson } from '../terminal/output.ts'
import { table, thousands } from '../terminal/table.ts'

const usage = `
weir size --events-per-hour N --bytes N [options]

How many brokers, partitions and replicas a load takes and how storage grows, from the rates that our own bench measured, with every assumption. Needs no broker.

  --events-per-hour N   the mean; K, M and G are thousands, millions and thousand millions
  --bytes N             of a record's value
  --peak N              the busiest seconds, as a multiple of the mean (3)
  --retention HOURS     how long the topics are kept (168)
  --json                for programs

Examples
  weir size --events-per-hour 500M --bytes 200 --peak 3
`

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9 }

export const size = command({
  name: 'size',
  summary: 'Tell how many brokers, partitions and replicas a load takes',
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
        `${events === undefined ? 'How many events? Give --events-per-hour' : 'How large are they? Give --bytes'}.`,
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
          ['records a second, mean', thousands(Math.round(result.meanPerSecond))],
          ['records a second, peak', thousands(Math.round(result.peakPerSecond))],
          ['brokers of 2 vCPU', thousands(result.brokers)],
          ['partitions of each topic', thousands(result.partitions)],
          ['their replicas on a broker', thousands(result.partitionsPerBroker)],
          ...Object.entries(replicas).map(([service, count]) => [`replicas of ${service}`, thousands(count)]),
          ['cores for indexing', thousands(result.searchCores)],
          ['storage, growth a day', inBytes(storage.perDay)],
          ['storage after the retention', inBytes(storage.atRetention)],
          ['storage to order a broker', inBytes(storage.perBroker)],
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
