/**
 * The functions of this service: those of the solutions and the deployed ones. Each version in use has its
 * own pool of environments.
 */
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Logger, Resource } from '@weir/service'
import { type Catalogue, type DeployedFunction, versionFor } from './catalogue.ts'
import type { CodeStore } from './code/code-store.ts'
import { type FunctionVersion, LATEST } from './entries.ts'
import { kindOf } from './lambda-runtimes.ts'
import type { EnvironmentOptions, InvocationOptions, RuntimeKind } from './runtime/options.ts'
import type { Outcome } from './runtime/outcome.ts'
import { openPool, type Pool, Throttled } from './runtime/pool.ts'
import type { Runtimes } from './runtime/runtimes.ts'
import { type FunctionDefinition, functionOfSolution } from './solutions.ts'

export type Invoked = Outcome & {
  /** $LATEST, or a number. */
  readonly executedVersion: string
}

export interface Functions {
  /** Finds the functions of solutions, too. */
  find(name: string): DeployedFunction | undefined
  /** All functions, sorted by name. */
  all(): readonly DeployedFunction[]
  isOfSolution(name: string): boolean
  /** The version for NAME or NAME:QUALIFIER. */
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
  invoke(name: string, payload: Buffer, options: InvocationOptions): Promise<Invoked>
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

/** The code is stored, but this replica has not been able to fetch it. */
export class CodeMissing extends Error {
  override readonly name = 'CodeMissing'
}

export interface FunctionsOptions {
  readonly definitions: readonly FunctionDefinition[]
  readonly catalogue: Catalogue
  readonly code: CodeStore
  /** Defaults to Node.js only. */
  readonly runtimes: Pick<Runtimes, 'allowed' | 'options'> | undefined
  readonly account: { readonly region: string; readonly accountId: string }
  readonly log: Logger
}

/** The most environments, in each replica, of a function that reserves no concurrency. */
export const DEFAULT_CONCURRENCY = 10
const LOG_LINES = 1000
/** How often the folders of solutions are checked for changes. */
const LOOK_MS = 2000
/** How long an invocation waits for the code. */
const CODE_WAIT_MS = 60_000
const SETTLE_MS = 10_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

/** One version of a function: the wanted state, and the one that runs. */
interface Slot {
  version: FunctionVersion
  running:
    | { readonly version: FunctionVersion; readonly environment: EnvironmentOptions; readonly pool: Pool }
    | undefined
  /** Resolves when `running` is in the wanted state. */
  preparing: Promise<void> | undefined
  ended: boolean
}

export function openFunctions({
  definitions,
  catalogue,
  code,
  runtimes,
  account,
  log,
}: FunctionsOptions): Resource<Functions> {
  const stopping = new AbortController()
  const solutions = new Map(definitions.map((definition) => [definition.name, solutionOf(definition)]))
  /** By name, then by version. */
  const slots = new Map<string, Map<string, Slot>>()
  const lines = new Map<string, string[]>()

  const find = (name: string): DeployedFunction | undefined =>
    solutions.get(name)?.found ?? catalogue.get(name)
  const get = (qualified: string): FunctionVersion | undefined => {
    const [name, qualifier] = qualified.split(':')
    const found = find(name)
    return found && versionFor(found, qualifier)
  }
  const concurrencyOf = (name: string): number => find(name)?.latest.reserved ?? DEFAULT_CONCURRENCY
  const latestSlot = (name: string): Slot | undefined => slots.get(name)?.get(LATEST)

  async function folderOf({ name, archive, module }: FunctionVersion): Promise<string> {
    const solution = solutions.get(name)
    if (solution !== undefined) return solution.definition.directory
    if (module !== undefined) return code.folderOfModule(module)
    const stored = catalogue.archive(archive!.id)
    if (stored === undefined)
      throw new Error(`The control log does not say where the archive ${archive!.id} is.`)
    return code.folderOf(stored)
  }

  const isLost = ({ version: { archive }, running }: Slot): boolean =>
    archive !== undefined && running !== undefined && !code.has(archive.sha256)

  function environmentOf(version: FunctionVersion, directory: string): EnvironmentOptions {
    const { name, handler, memoryMb, timeoutMs, environment } = version
    const printed = lines.get(name) ?? []
    lines.set(name, printed)
    return {
      ...runtimes?.options(runtimeOf(version)),
      functionName: name,
      functionArn: arnOf(version),
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

  const runtimeOf = ({ runtime }: FunctionVersion): RuntimeKind => kindOf(runtime) ?? 'nodejs'

  function refuseRuntime(version: FunctionVersion): void {
    const kind = runtimeOf(version)
    if (kind === 'nodejs' || runtimes?.allowed.has(kind)) return
    throw new RuntimeRefused(
      `${version.name} has the runtime ${version.runtime}, which FUNCTIONS_RUNTIMES does not allow.`,
    )
  }

  function arnOf(
    { name, version }: FunctionVersion,
    qualifier: string | undefined = version === LATEST ? undefined : version,
  ): string {
    const arn = `arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`
    return qualifier === undefined ? arn : `${arn}:${qualifier}`
  }

  function run(slot: Slot, version: FunctionVersion, folder: string): void {
    const wanted = environmentOf(version, folder)
    const before = slot.running
    // The environments are kept if only the concurrency or a noted setting has changed.
    const environment =
      before !== undefined && isSame(before.environment, wanted) ? before.environment : wanted
    const options = { environment, maximum: concurrencyOf(version.name) }
    before?.pool.update(options)
    slot.running = { version, environment, pool: before?.pool ?? openPool(options) }
    if (environment === wanted)
      log.info(
        { function: version.name, version: version.version, codeVersion: codeOf(version) },
        'the function is ready',
      )
  }

  async function prepare(slot: Slot): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !slot.ended && !stopping.signal.aborted; ) {
      const { version } = slot
      try {
        const folder = await folderOf(version)
        if (slot.ended || slot.version !== version) continue
        return run(slot, version, folder)
      } catch (error) {
        log.warn(
          { err: error, function: version.name, version: version.version },
          'the code of a function cannot be had yet; it is tried again',
        )
      }
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
    }
  }

  function begin(slot: Slot): Promise<void> {
    slot.preparing ??= prepare(slot).finally(() => {
      slot.preparing = undefined
      // The version changed at the last moment.
      if (slot.running?.version !== slot.version && !slot.ended && !stopping.signal.aborted) void begin(slot)
    })
    return slot.preparing
  }

  function slotFor(version: FunctionVersion): Slot {
    let ofName = slots.get(version.name)
    if (ofName === undefined) slots.set(version.name, (ofName = new Map()))
    let slot = ofName.get(version.version)
    if (slot === undefined)
      ofName.set(
        version.version,
        (slot = { version, running: undefined, preparing: undefined, ended: false }),
      )
    return slot
  }

  function end(slot: Slot): void {
    slot.ended = true
    slots.get(slot.version.name)!.delete(slot.version.version)
    void slot.running?.pool.stop(SETTLE_MS)
  }

  function changed(name: string): void {
    const found = find(name)
    for (const slot of [...(slots.get(name)?.values() ?? [])]) {
      const version =
        slot.version.version === LATEST ? found?.latest : found?.versions.get(slot.version.version)
      if (version === undefined) end(slot)
      else {
        slot.version = version
        void begin(slot)
      }
    }
    if (found !== undefined) {
      if (latestSlot(name) === undefined) void begin(slotFor(found.latest))
      return
    }
    slots.delete(name)
    lines.delete(name)
  }

  async function ready(slot: Slot): Promise<NonNullable<Slot['running']>> {
    if (slot.running !== undefined && !isLost(slot)) return slot.running
    await Promise.race([begin(slot), sleep(CODE_WAIT_MS, undefined, { ref: false })])
    if (slot.running !== undefined) return slot.running
    throw new CodeMissing(
      `The code of ${slot.version.name} is stored, but this replica has not been able to fetch it yet; look at its log.`,
    )
  }

  const looking = setInterval(() => {
    for (const [name, { definition, found }] of solutions) {
      if (codeVersionOf(definition.directory) === found.latest.revisionId) continue
      solutions.set(name, solutionOf(definition))
      changed(name)
    }
  }, LOOK_MS).unref()
  for (const name of solutions.keys()) changed(name)

  return {
    value: {
      find,
      get,
      changed,
      all: () =>
        [
          ...[...solutions.values()].map(({ found }) => found),
          ...catalogue.all().filter(({ latest: { name } }) => !solutions.has(name)),
        ].sort((a, b) => (a.latest.name < b.latest.name ? -1 : 1)),
      isOfSolution: (name) => solutions.has(name),
      state: (name) => {
        const slot = latestSlot(name)
        return {
          active: slot?.running !== undefined,
          updated: slot?.running !== undefined && slot.running.version === slot.version,
        }
      },
      async invoke(qualified, payload, options) {
        const [name, qualifier] = qualified.split(':')
        const version = get(qualified)
        if (version === undefined)
          throw new UnknownFunction(
            `Function ${qualified} does not exist; \`weir functions list\` shows those that do.`,
          )
        refuseRuntime(version)
        const slot = slotFor(version)
        const {
          pool,
          version: { version: executedVersion },
        } = slot.running !== undefined && !isLost(slot) ? slot.running : await ready(slot)
        let busy = 0
        for (const { running } of slots.get(name)?.values() ?? []) busy += running?.pool.counts().busy ?? 0
        if (busy >= concurrencyOf(name))
          throw new Throttled(
            `${name} runs ${busy} times already, which is its concurrency; repeat the request later.`,
          )
        const outcome = await pool.invoke(
          payload,
          qualifier === undefined ? options : { ...options, functionArn: arnOf(version, qualifier) },
        )
        return { ...outcome, executedVersion }
      },
      logs: (name) => lines.get(name) ?? [],
      async settled(name) {
        const end = Date.now() + SETTLE_MS
        for (
          let slot = latestSlot(name);
          slot?.preparing !== undefined && Date.now() < end;
          slot = latestSlot(name)
        ) {
          await Promise.race([slot.preparing, sleep(SETTLE_MS, undefined, { ref: false })])
        }
      },
    },
    stop: async (drainMs) => {
      clearInterval(looking)
      stopping.abort()
      await Promise.all(
        [...slots.values()].flatMap((ofName) =>
          [...ofName.values()].map(({ running }) => running?.pool.stop(drainMs)),
        ),
      )
    },
  }
}

function solutionOf(definition: FunctionDefinition): {
  readonly definition: FunctionDefinition
  readonly found: DeployedFunction
} {
  return { definition, found: functionOfSolution(definition, codeVersionOf(definition.directory)) }
}

/** Compares everything except `log`, which is the same for all environments of a function. */
function isSame(a: EnvironmentOptions, b: EnvironmentOptions): boolean {
  return isDeepStrictEqual({ ...a, log: undefined }, { ...b, log: undefined })
}

function codeOf({ archive, revisionId }: FunctionVersion): string {
  return (archive?.sha256 ?? revisionId).slice(0, 12)
}

/** Returns a hash that changes whenever a file of the folder is written. */
function codeVersionOf(directory: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(directory).sort()) {
    const { mtimeMs, size } = statSync(join(directory, name))
    hash.update(`${name}/${mtimeMs}/${size}\n`)
  }
  return hash.digest('hex')
}
