/** `weir new service`: a deployable with its rows in the table, Compose, the chart, the image and the README. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFetchable } from '@weir/egress/ports.ts'
import { PORTS } from '@weir/stack/config.ts'
import { checkout } from '@weir/stack/paths.ts'
import { Refused, wholeNumber } from '../command.ts'
import { type Changes, row } from './changes.ts'
import { type Name, nameOf, renaming } from './name.ts'

const EXAMPLE = nameOf('example-thing')
const EXAMPLE_PORT = '8089'
const FIRST_PORT = 8080
/** Names that the chart, the command and the services' own variables (HTTP_PORT) have for other things. */
const TAKEN = ['access', 'apply', 'deny', 'files', 'http', 'test', 'weir']

/** The chart's schema allows no longer names, since Kubernetes appends to them. */
export const MAX_SERVICE_LENGTH = 20

/** Returns what to do next. */
export function newService(name: Name, port: string | undefined, changes: Changes): string[] {
  const { kebab } = name
  const compose = readFileSync(join(checkout, 'compose.yaml'), 'utf8')
  const variables = Object.values(PORTS).map(([variable]) => variable)
  if (
    TAKEN.includes(kebab) ||
    compose.includes(`\n  ${kebab}:\n`) ||
    variables.includes(`${name.constant}_PORT`)
  )
    throw new Refused(`The name ${kebab} is taken; choose another one.`)
  changes.requireNew(`services/${kebab}`)
  const replacements = { ...renaming(EXAMPLE, name), [EXAMPLE_PORT]: String(portOf(port)) }
  changes.createFrom('service', `services/${kebab}`, replacements)
  const inside = (file: string): string => membersOf(row(file, replacements))
  changes.insert(
    'contracts/services.ts',
    '} as const satisfies Record<string, ServiceDefinition>',
    inside('services.ts'),
  )
  changes.insert('compose.yaml', '  simulator:\n', inside('compose.yaml'))
  changes.insert('deploy/k8s/weir/values.yaml', '  simulator:\n', inside('values.yaml'))
  changes.insert('Dockerfile', 'COPY solutions/package.json', row('Dockerfile', replacements))
  changes.insert('README.md', '| Kafka | localhost:9092', row('README.md', replacements))
  return [
    `npx vitest run --project unit deploy contracts tools   checks that the table, Compose, the chart and the image agree`,
    `npx vitest run --project integration services/${kebab}   starts it on a real Kafka`,
    `npm run test:chart -- -u   renders the chart again; look at the changes`,
    `Name ${kebab} as a writer or a reader of the topics that it uses: its rights on the brokers follow from that.`,
    `Name its stages in the \`stages\` of a solution: the console then shows them and sends their dead letters back.`,
    `Describe its purpose in contracts/services.ts, README.md and docs/DESIGN.md.`,
  ]
}

/** Returns the members of the file's only object, `services`, in TypeScript or YAML. */
function membersOf(text: string): string {
  const from = text.indexOf('\n', text.search(/^(export const )?services\b/m)) + 1
  const to = text.search(/^\}/m)
  return text.slice(from, to < 0 ? undefined : to)
}

function portOf(text: string | undefined): number {
  const taken = Object.values(PORTS).map(([, port]) => port)
  if (text === undefined) {
    let free = FIRST_PORT
    while (taken.includes(free)) free++
    return free
  }
  const port = wholeNumber('--port', text, FIRST_PORT, 1024, 65_535)
  if (taken.includes(port)) throw new Refused(`Port ${port} is taken by another part; choose a free one.`)
  if (!isFetchable(port))
    throw new Refused(`Browsers and fetch refuse to connect to port ${port}; choose another one.`)
  return port
}
