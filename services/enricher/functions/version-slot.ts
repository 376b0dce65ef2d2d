/** One version of a function in this replica: the wanted state, and the one that runs. */

import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '@weir/service'
import { backoffMs, pause, within } from '@weir/timing'
import type { FunctionVersion } from './entries.ts'
import type { EnvironmentOptions } from './runtime/options.ts'
import { openPool, type Pool } from './runtime/pool.ts'

/** The code is stored, but this replica has not been able to fetch it. */
export class CodeMissing extends Error {
  override readonly name = 'CodeMissing'
}

/** How long an invocation waits for the code. */
const CODE_WAIT_MS = 60_000
/** How long the invocations of a version that was removed may go on. */
const DRAIN_MS = 10_000
const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

export interface SlotOptions {
  /** Fetches the code of a version and returns its folder. */
  folderOf(version: FunctionVersion): Promise<string>
  environmentOf(version: FunctionVersion, folder: string): EnvironmentOptions
  /** The most environments of a function. */
  concurrencyOf(name: string): number
  /** The environments that are started ahead. */
  provisionedOf(version: FunctionVersion): number
  /** Whether the code of an archive is still in this replica's cache. */
  has(sha256: string): boolean
  /** Aborts when the service stops. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

/** A version that can be invoked. */
export interface RunningVersion {
  readonly version: FunctionVersion
  readonly environment: EnvironmentOptions
  readonly pool: Pool
}

export class VersionSlot {
  /** The wanted state. */
  version: FunctionVersion
  readonly #options: SlotOptions
  #running: RunningVersion | undefined
  #preparing: Promise<void> | undefined
  #ended = false

  constructor(version: FunctionVersion, options: SlotOptions) {
    this.version = version
    this.#options = options
  }

  get running(): RunningVersion | undefined {
    return this.#running
  }

  /** Resolves when `running` is in the wanted state; undefined if nothing is being prepared. */
  get preparing(): Promise<void> | undefined {
    return this.#preparing
  }

  /** Prepares the wanted state. */
  begin(): Promise<void> {
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = undefined
      // The version changed at the last moment.
      if (this.#running?.version !== this.version && this.#isWanted()) void this.begin()
    })
    return this.#preparing
  }

  /** Returns the version that runs. Waits for its code; rejects with CodeMissing. */
  async ready(): Promise<RunningVersion> {
    if (this.#running !== undefined && !this.#isLost()) return this.#running
    await within(CODE_WAIT_MS, this.begin(), () => {})
    if (this.#running !== undefined) return this.#running
    throw new CodeMissing(
      `The code of ${this.version.name} is stored, but this replica has not been able to fetch it yet; check its log.`,
    )
  }

  /** The version was removed. */
  end(): void {
    this.#ended = true
    void this.#running?.pool.stop(DRAIN_MS)
  }

  #isWanted(): boolean {
    return !this.#ended && !this.#options.stopping.aborted
  }

  #isLost(): boolean {
    const { archive } = this.version
    return archive !== undefined && !this.#options.has(archive.sha256)
  }

  async #prepare(): Promise<void> {
    const { folderOf, stopping, log } = this.#options
    for (let retries = 0; this.#isWanted(); ) {
      const { version } = this
      try {
        const folder = await folderOf(version)
        if (this.#ended || this.version !== version) continue
        return this.#run(version, folder)
      } catch (error) {
        log.warn(
          { err: error, function: version.name, version: version.version },
          'the code of a function cannot be fetched yet; this is retried',
        )
      }
      await pause(backoffMs(retries++, FIRST_PAUSE_MS, MAX_PAUSE_MS), stopping)
    }
  }

  #run(version: FunctionVersion, folder: string): void {
    const { environmentOf, concurrencyOf, provisionedOf, log } = this.#options
    const wanted = environmentOf(version, folder)
    const before = this.#running
    // The environments are kept if only the concurrency or a noted setting has changed.
    const environment =
      before !== undefined && isSame(before.environment, wanted) ? before.environment : wanted
    const options = { environment, maximum: concurrencyOf(version.name), provisioned: provisionedOf(version) }
    before?.pool.update(options)
    this.#running = { version, environment, pool: before?.pool ?? openPool(options) }
    if (environment === wanted)
      log.info(
        { function: version.name, version: version.version, codeVersion: codeOf(version) },
        'the function is ready',
      )
  }
}

/** Compares everything except `log`, which is the same for all environments of a function. */
function isSame(a: EnvironmentOptions, b: EnvironmentOptions): boolean {
  return isDeepStrictEqual({ ...a, log: undefined }, { ...b, log: undefined })
}

function codeOf({ archive, revisionId }: FunctionVersion): string {
  return (archive?.sha256 ?? revisionId).slice(0, 12)
}
