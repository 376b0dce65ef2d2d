import { execFile } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { checkout } from '@weir/stack/paths.ts'
import { command, onlyPositionals, Refused, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { Changes } from '../new/changes.ts'
import { nameOf } from '../new/name.ts'
import { MAX_SERVICE_LENGTH, newService } from '../new/service.ts'
import { newSink } from '../new/sink.ts'
import { newSolution } from '../new/solution.ts'
import { newStep } from '../new/step.ts'
import { print } from '../terminal/output.ts'

const usage = `
weir new solution NAME | service NAME | step NAME --flow FLOW | sink NAME --topic TOPIC

Writes a skeleton into this checkout, which runs and has tests. Says what it wrote and what to do next. NAME
has lower-case words with hyphens between them, such as fleet-alarms.

solution   topics with contracts, a flow from one to the other, a search index and a simulator. A solution is
           data and small functions that the existing services run
service    a process of its own with health, metrics and HTTP routes, and its entries in the table of
           services, Compose, the chart and the image. Choose it for work that no existing service does
step       one step of a flow, which looks at a record and passes it on, changes it or rejects it
sink       a search index for a topic of a solution, with a mapping derived from the topic's contract

  --flow FLOW     the flow that the step is for
  --topic TOPIC   the topic that the sink reads
  --port PORT     the port of the service (the first free one from 8080 on)

Examples
  weir new solution fleet-alarms
  weir new step drop-test-devices --flow fleet-alarms
  weir new sink late-readings --topic fleet-alarms.received
  weir new service pricing --port 8082
`

const KINDS = ['solution', 'service', 'step', 'sink'] as const
type Kind = (typeof KINDS)[number]
const isKind = (text: string): text is Kind => (KINDS as readonly string[]).includes(text)

const OPTIONS = { flow: { type: 'string' }, topic: { type: 'string' }, port: { type: 'string' } } as const
/** The kind that each option is for. */
const FOR: Readonly<Record<keyof typeof OPTIONS, Kind>> = { flow: 'step', topic: 'sink', port: 'service' }

export const create = command({
  name: 'new',
  summary: 'Write the skeleton of a solution, a service, a step or a sink',
  usage,
  options: OPTIONS,
  async run(options, [kind, text, ...rest]) {
    if (kind === undefined) throw new UsageError(`The kind is missing: one of ${KINDS.join(', ')}.`)
    if (!isKind(kind)) throw new UsageError(`There is no \`weir new ${kind}\`.${hint(kind, KINDS)}`)
    onlyPositionals(rest, 0)
    for (const option of Object.keys(OPTIONS) as (keyof typeof OPTIONS)[])
      if (options[option] !== undefined && FOR[option] !== kind)
        throw new UsageError(`--${option} is for \`weir new ${FOR[option]}\`.`)
    const name = nameOf(text, kind === 'service' ? MAX_SERVICE_LENGTH : undefined)
    const changes = new Changes()
    const next = {
      solution: () => newSolution(name, changes),
      service: () => newService(name, options.port, changes),
      step: () => newStep(name, options.flow, changes),
      sink: () => newSink(name, options.topic, changes),
    }[kind]()
    changes.write()
    if (kind === 'service') await link(name.kebab)
    await format([...changes.created, ...changes.changed])
    await generate()
    await print(report(changes, next))
    return EXIT.ok
  },
})

/** Adds the package to the installed ones, as `npm install` would. */
async function link(service: string): Promise<void> {
  symlinkSync(join('../../services', service), join(checkout, 'node_modules/@weir', service))
  await run(
    'npm',
    'install',
    '--package-lock-only',
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
  )
}

/** Lines are longer or shorter with another name, and imports come in another order. */
function format(paths: readonly string[]): Promise<void> {
  const code = paths.filter((path) => path.endsWith('.ts'))
  return run(join(checkout, 'node_modules/.bin/biome'), 'check', '--write', ...code)
}

/** Does what `npm run generate -- --publish` does. */
async function generate(): Promise<void> {
  await run(process.execPath, 'deploy/k8s/chart/generate.ts')
  await run(process.execPath, 'tools/generate/main.ts', '--publish')
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args, { cwd: checkout }).catch((error) => {
    throw new Refused(
      `\`${[program, ...args].join(' ')}\` failed:\n${error.stdout ?? ''}${error.stderr ?? error.message}`,
    )
  })
}

function report({ created, changed }: Changes, next: readonly string[]): string {
  const lines = [
    ...created.map((path) => `wrote    ${path}`),
    ...changed.map((path) => `changed  ${path}`),
    'ran `npm run generate`, which wrote what follows from them',
    '',
    'Next',
    ...next.map((line) => `  ${line}`),
  ]
  return `${lines.join('\n')}\n`
}
