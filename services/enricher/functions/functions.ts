/** The functions of this service: those of the solutions, and those that were deployed. Each has its pool of environments. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger, Resource } from '@weir/service'
import type { EnvironmentOptions, InvocationOptions } from './runtime/environment.ts'
import type { Outcome } from './runtime/outcome.ts'
import { openPool, type Pool } from './runtime/pool.ts'

/** What a function is, wherever its code comes from. */
export interface FunctionSettings {
  readonly name: string
  /** FILE.EXPORT: index.handler. */
  readonly handler: string
  /** 128 to 10,240. */
  readonly memoryMb: number
  /** 1,000 to 900,000. */
  readonly timeoutMs: number
  /** Environments at most. */
  readonly concurrency: number
  /** All that its code sees of environment variables beside Lambda's own. */
  readonly environment: Readonly<Record<string, string>>
}

/** A function whose code is in a folder of this image; it is loaded anew when a file of the folder changes. */
export interface FunctionDefinition extends FunctionSettings {
  readonly directory: string
}

/** As it stands in the control log: one module, which says its handler by the file's name. */
export interface DeployedFunction extends FunctionSettings {
  /** index.mjs, index.ts … */
  readonly file: string
  readonly code: string
  readonly deployedAt: number
}

export interface FunctionState {
  readonly settings: FunctionSettings
  /** SHA-256 of the code, or of the files' times, in hex. */
  readonly version: string
  readonly deployed: boolean
  readonly counts: { readonly idle: number, readonly busy: number }
}

export interface Functions {
  /** By name. */
  all(): FunctionState[]
  get(name: string): FunctionState | undefined
  /** Rejects with UnknownFunction, Throttled, or where the invocation was ended from outside. */
  invoke(name: string, payload: Buffer, options: InvocationOptions): Promise<Outcome>
  /** The last lines that it printed in this replica, oldest first. */
  logs(name: string): readonly string[]
  /** Takes a function of the control log, or takes it away. */
  applyDeployed(name: string, deployed: DeployedFunction | undefined): void
}

export class UnknownFunction extends Error {
  override readonly name = 'UnknownFunction'
}

export interface FunctionsOptions {
  readonly definitions: readonly FunctionDefinition[]
  /** Where deployed code is written to, by its hash. */
  readonly folder: string
  readonly account: { readonly region: string, readonly accountId: string }
  readonly log: Logger
}

const LOG_LINES = 1000
/** How often folders are looked at for changes. */
const LOOK_MS = 2000

interface Running {
  settings: FunctionSettings
  version: string
  deployed: boolean
  directory: string
  /** Of the code before, where it was deployed: an environment may just be starting from it. */
  before: string | undefined
  readonly pool: Pool
  readonly lines: string[]
}

export function openFunctions({ definitions, folder, account, log }: FunctionsOptions): Resource<Functions> {
  const running = new Map<string, Running>()

  const environmentOf = ({ name, handler, memoryMb, timeoutMs, environment }: FunctionSettings, directory: string, version: string, lines: string[]): EnvironmentOptions => ({
    functionName: name, functionArn: `arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`, version: '$LATEST', directory, handler,
    environment: { ...environment, AWS_REGION: account.region, AWS_DEFAULT_REGION: account.region }, memoryMb, timeoutMs,
    log: (line) => {
      lines.push(line)
      if (lines.length > LOG_LINES) lines.splice(0, lines.length - LOG_LINES)
      log.debug({ function: name, codeVersion: version.slice(0, 12) }, line)
    },
  })

  const put = (settings: FunctionSettings, directory: string, version: string, deployed: boolean): void => {
    const known = running.get(settings.name)
    const lines = known?.lines ?? []
    const options = { environment: environmentOf(settings, directory, version, lines), maximum: settings.concurrency }
    if (known === undefined) {
      running.set(settings.name, { settings, directory, before: undefined, version, deployed, lines, pool: openPool(options) })
      return
    }
    Object.assign(known, { settings, directory, version, deployed })
    known.pool.update(options)
    log.info({ function: settings.name, codeVersion: version.slice(0, 12) }, 'the function was replaced')
  }

  for (const definition of definitions) put(definition, definition.directory, versionOf(definition.directory), false)
  const looking = setInterval(() => {
    for (const { settings, directory, version, deployed } of running.values()) {
      if (deployed) continue
      const now = versionOf(directory)
      if (now !== version) put(settings, directory, now, false)
    }
  }, LOOK_MS).unref()

  const stateOf = ({ settings, version, deployed, pool }: Running): FunctionState => ({ settings, version, deployed, counts: pool.counts() })
  return {
    value: {
      all: () => [...running.values()].map(stateOf).sort((a, b) => (a.settings.name < b.settings.name ? -1 : 1)),
      get: (name) => {
        const found = running.get(name)
        return found && stateOf(found)
      },
      invoke: async (name, payload, options) => {
        const found = running.get(name)
        if (found === undefined) throw new UnknownFunction(`Function ${name} does not exist; \`weir functions list\` shows those that do.`)
        return found.pool.invoke(payload, options)
      },
      logs: (name) => running.get(name)?.lines ?? [],
      applyDeployed: (name, deployed) => {
        if (definitions.some((definition) => definition.name === name)) return log.warn({ function: name }, 'a deployed function has the name of a solution\'s, which stays')
        if (deployed === undefined) {
          const found = running.get(name)
          running.delete(name)
          void found?.pool.stop(10_000)
          return
        }
        const version = createHash('sha256').update(deployed.code).digest('hex')
        const directory = join(folder, name, version)
        mkdirSync(directory, { recursive: true })
        writeFileSync(join(directory, deployed.file), deployed.code)
        const known = running.get(name)
        if (known !== undefined && known.directory !== directory) {
          if (known.before !== undefined && known.before !== directory) rmSync(known.before, { recursive: true, force: true })
          known.before = known.directory
        }
        put(deployed, directory, version, true)
      },
    },
    stop: async (drainMs) => {
      clearInterval(looking)
      await Promise.all([...running.values()].map(({ pool }) => pool.stop(drainMs)))
    },
  }
}

/** Changes with every file of the folder that is written. */
function versionOf(directory: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(directory).sort()) {
    const { mtimeMs, size } = statSync(join(directory, name))
    hash.update(`${name}/${mtimeMs}/${size}\n`)
  }
  return hash.digest('hex')
}
