/** Makes an endpoint serve what the log says. While a version cannot be loaded, what served before goes on serving. */
import { Gauge, type Logger, metrics } from '@weir/service'
import { pause } from '@weir/timing'
import { Endpoint, type Serving } from '../models/endpoint.ts'
import type { LoadedModel } from '../models/model.ts'
import { type EndpointState, versionsOf } from './entries.ts'
import type { Versions } from './versions.ts'

export interface LoaderOptions {
  readonly versions: Versions
  readonly log: Logger
}

/** The pause before a version that could not be loaded is tried again. */
const AGAIN_MS = 10_000

const stuck = new Gauge({
  name: 'weir_endpoint_stuck',
  help: 'Whether the endpoint does not serve here what was decided, because a version cannot be loaded.',
  labelNames: ['endpoint'],
  registers: [metrics],
})

export class Loader {
  readonly endpoint: Endpoint
  readonly #options: LoaderOptions
  #wanted: EndpointState | undefined
  /** Models that are loaded, by the version as it was registered. */
  #models = new Map<string, LoadedModel>()
  #problem: string | undefined
  #isStale = false
  #working: Promise<void> | undefined
  #again = new AbortController()
  #isStopped = false

  constructor(name: string, options: LoaderOptions) {
    this.endpoint = new Endpoint(name)
    this.#options = options
  }

  /** Why the endpoint does not serve what the log says; undefined if it does. */
  get problem(): string | undefined {
    return this.#problem
  }

  serve(state: EndpointState): void {
    this.#wanted = state
    this.#isStale = true
    this.#again.abort()
    this.#working ??= this.#work()
  }

  /** Resolves when the newest state is served, or could not be. */
  async settled(): Promise<void> {
    await this.#working
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    stuck.remove({ endpoint: this.endpoint.name })
    this.#again.abort()
    await this.endpoint.replace(undefined)
    for (const model of this.#models.values()) model.stop()
  }

  async #work(): Promise<void> {
    // Entries that are read together count as one change.
    await pause(0)
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false
      await this.#load(this.#wanted!)
    }
    this.#working = undefined
    if (this.#problem !== undefined && !this.#isStopped) void this.#tryAgain()
  }

  async #tryAgain(): Promise<void> {
    this.#again = new AbortController()
    const { signal } = this.#again
    await pause(AGAIN_MS, signal)
    if (!signal.aborted) this.serve(this.#wanted!)
  }

  async #load(state: EndpointState): Promise<void> {
    const models = new Map<string, LoadedModel>()
    try {
      for (const version of versionsOf(state.plan)) {
        const key = keyOf(state, version)
        models.set(key, models.get(key) ?? this.#models.get(key) ?? (await this.#open(state, version)))
      }
    } catch (error) {
      for (const [key, model] of models) if (!this.#models.has(key)) model.stop()
      this.#note((error as Error).message)
      return
    }
    if (this.#isStopped) {
      for (const model of models.values()) model.stop()
      return
    }
    const unused = [...this.#models].filter(([key]) => !models.has(key))
    this.#models = models
    this.#note(undefined)
    void this.endpoint.replace(servingOf(state, (version) => models.get(keyOf(state, version))!)).then(() => {
      for (const [, model] of unused) model.stop()
    })
  }

  async #open(state: EndpointState, name: string): Promise<LoadedModel> {
    const version = state.versions.find((one) => one.version === name)
    if (version === undefined) throw new Error(`Version ${name} is not registered.`)
    try {
      return await this.#options.versions.open(state.name, version, state.contract)
    } catch (error) {
      throw new Error(`Version ${name} could not be loaded: ${(error as Error).message}`, { cause: error })
    }
  }

  #note(problem: string | undefined): void {
    const { log } = this.#options
    const { name } = this.endpoint
    if (problem !== undefined && problem !== this.#problem)
      log.error(
        { endpoint: name, problem },
        'an endpoint does not serve what was decided, and keeps what it has',
      )
    if (problem === undefined && this.#problem !== undefined)
      log.info({ endpoint: name }, 'an endpoint serves again')
    this.#problem = problem
    if (!this.#isStopped) stuck.set({ endpoint: name }, problem === undefined ? 0 : 1)
  }
}

function keyOf({ createdAt, versions }: EndpointState, name: string): string {
  return `${createdAt}/${name}/${versions.find(({ version }) => version === name)?.sha256}`
}

function servingOf(state: EndpointState, modelOf: (version: string) => LoadedModel): Serving {
  const { contract, plan, settings } = state
  return {
    contract,
    limitMs: settings.timeLimitMs,
    gatherMs: settings.gatherMs,
    variants: plan.variants.map((variant) => ({ ...variant, model: modelOf(variant.version) })),
    shadows: plan.shadows.map((shadow) => ({ ...shadow, model: modelOf(shadow.version) })),
  }
}
