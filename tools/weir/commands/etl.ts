import { createReadStream } from 'node:fs'
import { jsonText } from '@weir/codec'
import { type FlowDefinition, type Solution, solutions } from '@weir/solutions'
import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { type Fault, Trial, type TrialCounts } from '../etl/trial.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { textOf } from '../replay/text.ts'
import { readInput, recordOf } from '../send/input.ts'
import { print, untilStopped } from '../terminal/output.ts'
import { thousands } from '../terminal/table.ts'

const usage = `
weir etl FLOW [FILE | -] [options]

Tries a flow of a solution out on a file, without Kafka: the same steps and the same windows, and the results on
standard output, one JSON value a line. The file has values of the flow's source as \`weir send\` takes them, also
compressed. \`weir tail TOPIC --json\` writes such a file.

Reference tables and tables of items have the entries that their solution brings along. At the end of the file, windows
that would have results in time without further records have them.

  --rows TOPIC=FILE  the rows of a compacted topic that the flow looks up; may be repeated
  --window SECONDS   the length of the flow's windows
  --quiet            does not print the records that the flow cannot handle

Examples
  weir etl taxi reports.ndjson.gz > enriched.ndjson
  weir tail sneaker.activity --json --count 1000 | weir etl sneaker-windows --window 10

Exit code 1: there were records that the flow cannot handle.
`

const MAX_WINDOW_SECONDS = 604_800

export const etl = command({
  name: 'etl',
  summary: 'Try a flow out on a file',
  usage,
  options: {
    rows: { type: 'string', multiple: true, default: [] },
    window: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
  async run({ rows, window, quiet }, positionals) {
    onlyPositionals(positionals, 2)
    const [name, file = '-'] = positionals
    const [solution, flow] = flowNamed(name)
    const seconds = wholeNumber('--window', window, 0, 1, MAX_WINDOW_SECONDS)
    const signal = untilStopped()
    const results: string[] = []
    const fault = ({ place, code, message }: Fault): void => {
      if (!quiet) process.stderr.write(`${place}: ${message} (${code})\n`)
    }
    const trial = new Trial({
      solution,
      flow,
      rows: new Map(await Promise.all(rows.map(rowsFrom))),
      ...(seconds > 0 && { windowMs: seconds * 1000 }),
      result: (value) => results.push(`${jsonText(value)}\n`),
      fault,
    })
    for await (const { places, values, faults } of readInput(textOf(opened(file), file))) {
      for (const { place, problem } of faults) fault({ place, code: 'unreadable', message: problem })
      trial.counts.dead += faults.length
      await trial.add(
        values.map((given, i) => {
          const { id, value } = recordOf(given)
          return { place: places[i], value, ...(typeof id === 'string' && { id }) }
        }),
      )
      await print(results.splice(0).join(''), signal)
      if (signal.aborted) break
    }
    trial.end()
    await print(results.splice(0).join(''), signal)
    process.stderr.write(`${summaryOf(trial.counts)}\n`)
    return trial.counts.dead > 0 ? EXIT.refused : EXIT.ok
  },
})

function flowNamed(name: string | undefined): [Solution, FlowDefinition] {
  const all = solutions.flatMap((solution) => (solution.flows ?? []).map((flow) => [solution, flow] as const))
  const names = all.map(([, flow]) => flow.name)
  if (name === undefined) throw new UsageError(`Name a flow: ${names.join(', ')}.`)
  const found = all.find(([, flow]) => flow.name === name)
  if (found === undefined) throw new UsageError(`There is no flow ${name}.${hint(name, names)}`)
  return [...found]
}

async function rowsFrom(given: string): Promise<[string, Record<string, unknown>[]]> {
  const [, topic, file] = /^([^=]+)=(.+)$/.exec(given) ?? []
  if (topic === undefined) throw new UsageError(`--rows is "${given}"; write TOPIC=FILE.`)
  const rows: Record<string, unknown>[] = []
  for await (const { values } of readInput(textOf(opened(file), file)))
    rows.push(...values.map((value) => recordOf(value).value))
  return [topic, rows]
}

const opened = (file: string) => (file === '-' ? process.stdin : createReadStream(file))

function summaryOf({ values, results, dead, late, others }: TrialCounts): string {
  const parts = [
    `${thousands(values)} values`,
    `${thousands(results)} results`,
    ...(dead > 0 ? [`${thousands(dead)} dead`] : []),
    ...(late > 0 ? [`${thousands(late)} too late`] : []),
    ...[...others].map(([reason, count]) => `${thousands(count)} ${reason}`),
  ]
  return `${parts.join(', ')}.`
}
