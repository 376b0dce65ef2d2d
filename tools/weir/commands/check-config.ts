import { ConfigReader, type Setting, withoutPasswords } from '@weir/config'
import { SERVICES } from '@weir/contracts/services.ts'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { settings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { styled, table } from '../terminal/table.ts'

const usage = `
weir check-config [SERVICE]

Shows the configuration that all services, or one of them, would read from this environment: every setting
with its value, default and meaning, and all problems at once. Secrets are never shown. SERVICE is
${SERVICES.join(', ')} or weir (this command).

  --json    prints JSON

Examples
  weir check-config
  KAFKA_DRIVER=kafkajs weir check-config enricher

Exit codes: 0 no problems, 1 problems.
`

/** Reads a service's configuration without starting it. */
type Read = (reader: ConfigReader) => unknown

const CHECKED: readonly string[] = [...SERVICES, 'weir']

async function readOf(name: string): Promise<Read> {
  if (name === 'weir') return settings
  const { config } = (await import(`@weir/${name}/config.ts`)) as { config: Read }
  return config
}

export const checkConfig = command({
  name: 'check-config',
  summary: 'Show the configuration of the services and its problems',
  usage,
  options: { json: { type: 'boolean', default: false } },
  async run({ json }, positionals) {
    onlyPositionals(positionals, 1)
    const [only] = positionals
    if (only !== undefined && !CHECKED.includes(only))
      throw new UsageError(`There is no service ${only}.${hint(only, CHECKED)}`)
    const checked = await Promise.all(
      (only === undefined ? CHECKED : [only]).map((name) => check(name, process.env)),
    )
    if (json) await printJson(checked)
    else await print(checked.map(report).join('\n'))
    return checked.some(({ problems }) => problems.length > 0) ? EXIT.refused : EXIT.ok
  },
})

interface Checked {
  readonly service: string
  readonly settings: readonly (Setting & { readonly value: string | undefined; readonly set: boolean })[]
  readonly problems: readonly string[]
}

/** Checks a service's configuration. Secrets are masked in the result. */
export async function check(
  service: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Checked> {
  const reader = new ConfigReader(env)
  const read = await readOf(service)
  read(reader)
  const once = [...new Map(reader.settings.map((setting) => [setting.name, setting])).values()]
  return {
    service,
    settings: once.map((setting) => {
      const file = env[`${setting.name}_FILE`]
      const value = file ? `the text of ${file}` : env[setting.name] || undefined
      const shown = value ?? setting.fallback
      return {
        ...setting,
        set: value !== undefined,
        value: value !== undefined && setting.secret ? '********' : shown && withoutPasswords(shown),
      }
    }),
    problems: reader.problems.map(withoutPasswords),
  }
}

export function report({ service, settings: asked, problems }: Checked): string {
  const rows = asked.map(({ name, value, set, doc }) => [
    set ? styled('bold', name) : name,
    value || null,
    set ? 'set' : value === undefined ? 'missing' : 'default',
    doc,
  ])
  const sentences = problems.map((problem) => `  ${styled('red', '✗')} ${problem}\n`).join('')
  return `${styled('bold', service)}\n${table(['SETTING', 'VALUE', 'FROM', 'MEANING'], rows)}${sentences || `  ${styled('green', '✓')} no problem\n`}`
}
