/**
 * The functions of this service: those of the solutions and the deployed ones. Each version in use has its
 * own pool of environments.
 */
import { type Account, functionArn } from '@weir/aws'
import type { Logger, Resource } from '@weir/service'
import { within } from '@weir/timing'
import { type Catalogue, type DeployedFunction, versionOf, versionToInvoke } from './catalogue.ts'
import type { CodeStore } from './code/code-store.ts'
import { type FunctionVersion, LATEST } from './entries.ts'
import { kindOf } from './lambda-runtimes.ts'
import type { EnvironmentOptions, InvocationOptions, RuntimeKind } from './runtime/options.ts'
import { Throttled } from './runtime/pool.ts'
import type { InvocationResult } from './runtime/result.ts'
import type { Runtimes } from './runtime/runtimes.ts'
import { codeVersionOf, type FunctionDefinition, functionOfSolution } from './solutions.ts'
import { type SlotOptions, VersionSlot } from './version-slot.ts'

export type FunctionResult = InvocationResult & {
  /** $LATEST, or a number. */
  readonly executedVersion: string
}

export interface Functions {
  /** Finds the functions of solutions, too. */
  find(name: string): DeployedFunction | undefined
  /** All functions, sorted by name. */
  all(): readonly DeployedFunction[]
  isOfSolution(name: string): boolean
  /** The version for NAME or NAME:QUALIFIER; for an alias, the one without a weight. */
  get(name: string): FunctionVersion | undefined
  /**
   * `active`: the code of $LATEST is ready here. `updated`: new invocations use its current code and
   * settings.
   */
  state(name: string): { readonly active: boolean; readonly updated: boolean }
  /**
   * Invokes NAME or NAME:QUALIFIER. Waits for code that this replica has yet to fetch. Rejects with
   * UnknownFunction, RuntimeRefused, CodeMissing, Throttled, or if the invocation is ended from outside.
   */
  invoke(name: string, payload: Buffer, options: InvocationOptions): Promise<FunctionResult>
  /** The last lines that the function printed in this replica, oldest first. */
  logs(name: string): readonly string[]
  /** Reads the function of this name from the catalogue again, after it has changed there. */
  changed(name: string): void
  /** Resolves when this replica has the current code and settings, or after some seconds without them. */
  settled(name: string): Promise<void>
}

export class UnknownFunction extends Error {
  override readonly name = 'UnknownFunction'
}

/** The operator no longer allows the function's runtime here. */
export class RuntimeRefused extends Error {
  override readonly name = 'RuntimeRefused'
}

export interface FunctionsOptions {
  readonly definitions: readonly FunctionDefinition[]
  readonly catalogue: Catalogue
  readonly code: CodeStore
  /** Defaults to Node.js only. */
  readonly runtimes: Pick<Runtimes, 'allowed' | 'options'> | undefined
  readonly account: Account
  readonly log: Logger
}

/** The most environments, in each replica, of a function that reserves no concurrency. */
export const DEFAULT_CONCURRENCY = 10
const LOG_LINES = 1000
/** How often the folders of solutions are checked for changes. */
const LOOK_MS = 2000
const SETTLE_MS = 10_000

export function openFunctions(options: FunctionsOptions): Resource<Functions> {
  const value = new HostedFunctions(options)
  return { value, stop: (drainMs) => value.stop(drainMs) }
}

interface SolutionFunction {
  readonly definition: FunctionDefinition
  readonly found: DeployedFunction
}

class HostedFunctions implements Functions {
  readonly #options: FunctionsOptions
  readonly #solutions: Map<string, SolutionFunction>
  readonly #slotOptions: SlotOptions
  /** Slots by name, then by version. */
  readonly #slots = new Map<string, Map<string, VersionSlot>>()
  readonly #lines = new Map<string, string[]>()
  readonly #stopping = new AbortController()
  readonly #looking: NodeJS.Timeout

  constructor(options: FunctionsOptions) {
    const { definitions, code, log } = options
    this.#options = options
    this.#solutions = new Map(definitions.map((definition) => [definition.name, solutionOf(definition)]))
    this.#slotOptions = {
      folderOf: (version) => this.#folderOf(version),
      environmentOf: (version, folder) => this.#environmentOf(version, folder),
      concurrencyOf: (name) => this.#concurrencyOf(name),
      provisionedOf: ({ name }) => this.#solutions.get(name)?.definition.provisioned ?? 0,
      has: (sha256) => code.has(sha256),
      stopping: this.#stopping.signal,
      log,
    }
    this.#looking = setInterval(() => this.#lookAtFolders(), LOOK_MS).unref()
    for (const name of this.#solutions.keys()) this.changed(name)
  }

  find(name: string): DeployedFunction | undefined {
    return this.#solutions.get(name)?.found ?? this.#options.catalogue.get(name)
  }

  all(): readonly DeployedFunction[] {
    return [
      ...[...this.#solutions.values()].map(({ found }) => found),
      ...this.#options.catalogue.all().filter(({ latest: { name } }) => !this.#solutions.has(name)),
    ].sort((a, b) => (a.latest.name < b.latest.name ? -1 : 1))
  }

  isOfSolution(name: string): boolean {
    return this.#solutions.has(name)
  }

  get(qualified: string): FunctionVersion | undefined {
    const [name, qualifier] = qualified.split(':')
    const found = this.find(name)
    return found && versionOf(found, qualifier)
  }

  state(name: string): { readonly active: boolean; readonly updated: boolean } {
    const slot = this.#latestSlot(name)
    const running = slot?.running
    return {
      active: running !== undefined,
      updated: running !== undefined && running.version === slot!.version,
    }
  }

  async invoke(qualified: string, payload: Buffer, options: InvocationOptions): Promise<FunctionResult> {
    const [name, qualifier] = qualified.split(':')
    const found = this.find(name)
    const version = found && versionToInvoke(found, qualifier)
    if (version === undefined)
      throw new UnknownFunction(
        `Function ${qualified} does not exist; \`weir functions list\` shows those that do.`,
      )
    this.#refuseRuntime(version)
    const { pool, version: running } = await this.#slotFor(version).ready()
    this.#refuseMore(name)
    const result = await pool.invoke(
      payload,
      qualifier === undefined ? options : { ...options, functionArn: this.#arnOf(version, qualifier) },
    )
    return { ...result, executedVersion: running.version }
  }

  logs(name: string): readonly string[] {
    return this.#lines.get(name) ?? []
  }

  changed(name: string): void {
    const found = this.find(name)
    const slots = this.#slots.get(name)
    for (const [number, slot] of [...(slots ?? [])]) {
      const version = number === LATEST ? found?.latest : found?.versions.get(number)
      if (version === undefined) {
        slots!.delete(number)
        slot.end()
      } else {
        slot.version = version
        void slot.begin()
      }
    }
    if (found !== undefined) {
      if (this.#latestSlot(name) === undefined) void this.#slotFor(found.latest).begin()
      return
    }
    this.#slots.delete(name)
    this.#lines.delete(name)
  }

  async settled(name: string): Promise<void> {
    const end = Date.now() + SETTLE_MS
    for (
      let slot = this.#latestSlot(name);
      slot?.preparing !== undefined && Date.now() < end;
      slot = this.#latestSlot(name)
    ) {
      await within(SETTLE_MS, slot.preparing, () => {})
    }
  }

  async stop(drainMs: number): Promise<void> {
    clearInterval(this.#looking)
    this.#stopping.abort()
    const slots = [...this.#slots.values()].flatMap((versions) => [...versions.values()])
    await Promise.all(slots.map(({ running }) => running?.pool.stop(drainMs)))
  }

  #latestSlot(name: string): VersionSlot | undefined {
    return this.#slots.get(name)?.get(LATEST)
  }

  #slotFor(version: FunctionVersion): VersionSlot {
    let versions = this.#slots.get(version.name)
    if (versions === undefined) this.#slots.set(version.name, (versions = new Map()))
    let slot = versions.get(version.version)
    if (slot === undefined)
      versions.set(version.version, (slot = new VersionSlot(version, this.#slotOptions)))
    return slot
  }

  #concurrencyOf(name: string): number {
    return this.find(name)?.latest.reserved ?? DEFAULT_CONCURRENCY
  }

  /** Throws Throttled if the versions of the function are as busy together as its concurrency allows. */
  #refuseMore(name: string): void {
    let busy = 0
    for (const { running } of this.#slots.get(name)?.values() ?? []) busy += running?.pool.counts().busy ?? 0
    if (busy >= this.#concurrencyOf(name))
      throw new Throttled(
        `${name} is already running ${busy} times, its concurrency limit; repeat the request later.`,
      )
  }

  #refuseRuntime(version: FunctionVersion): void {
    const kind = runtimeOf(version)
    if (kind === 'nodejs' || this.#options.runtimes?.allowed.has(kind)) return
    throw new RuntimeRefused(
      `${version.name} has the runtime ${version.runtime}, which FUNCTIONS_RUNTIMES does not allow.`,
    )
  }

  async #folderOf({ name, archive, module }: FunctionVersion): Promise<string> {
    const { catalogue, code } = this.#options
    const solution = this.#solutions.get(name)
    if (solution !== undefined) return solution.definition.directory
    if (module !== undefined) return code.folderOfModule(module)
    const stored = catalogue.archive(archive!.id)
    if (stored === undefined)
      throw new Error(`The control log does not say where the archive ${archive!.id} is.`)
    return code.folderOf(stored)
  }

  #environmentOf(version: FunctionVersion, directory: string): EnvironmentOptions {
    const { runtimes, account, log } = this.#options
    const { name, handler, memoryMb, timeoutMs, environment } = version
    const printed = this.#lines.get(name) ?? []
    this.#lines.set(name, printed)
    return {
      ...runtimes?.options(runtimeOf(version)),
      functionName: name,
      functionArn: this.#arnOf(version),
      version: version.version,
      directory,
      handler,
      memoryMb,
      timeoutMs,
      environment: { ...environment, AWS_REGION: account.region, AWS_DEFAULT_REGION: account.region },
      log: (line) => {
        printed.push(line)
        if (printed.length > LOG_LINES) printed.splice(0, printed.length - LOG_LINES)
        log.debug({ function: name, version: version.version }, line)
      },
    }
  }

  #arnOf(
    { name, version }: FunctionVersion,
    qualifier: string | undefined = version === LATEST ? undefined : version,
  ): string {
    return functionArn(this.#options.account, qualifier === undefined ? name : `${name}:${qualifier}`)
  }

  #lookAtFolders(): void {
    for (const [name, { definition, found }] of this.#solutions) {
      if (codeVersionOf(definition.directory) === found.latest.revisionId) continue
      this.#solutions.set(name, solutionOf(definition))
      this.changed(name)
    }
  }
}

const runtimeOf = ({ runtime }: FunctionVersion): RuntimeKind => kindOf(runtime) ?? 'nodejs'

function solutionOf(definition: FunctionDefinition): SolutionFunction {
  return { definition, found: functionOfSolution(definition, codeVersionOf(definition.directory)) }
}
