/**
 * All mappings: those of the solutions and those created through the API. The list determines what runs.
 * Every replica runs all of them, and each mapping's consumer group shares out the partitions.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger, Resource } from '@weir/service'
import type { Stream } from '@weir/streams'
import type { Functions } from '../functions.ts'
import { type Mapping, targetOf } from './mapping.ts'
import { type MappingDeps, type RunningMapping, runMapping } from './run-mapping.ts'
import { eventSource, type SourceDefinition } from './sources/sources.ts'

export type MappingState = 'Creating' | 'Enabled' | 'Disabled'

export interface Mappings {
  /** All mappings, sorted by id. */
  all(): readonly Mapping[]
  get(id: string): Mapping | undefined
  state(id: string): MappingState
  /** The LastProcessingResult: how the last attempt in this replica ended, or why there is none. */
  lastResult(id: string): string
  /** The stream as this replica knows it; undefined if it does not exist. */
  stream(name: string): Stream | undefined
  /** False if the source is a stream that does not exist, as far as this replica knows. */
  exists(source: SourceDefinition): boolean
  /** True while every mapping that can run is in its group. */
  ready(): boolean
  /** Adds or replaces a mapping of the control log; undefined removes it. */
  apply(id: string, mapping: Mapping | undefined): void
}

export interface MappingsOptions extends Omit<MappingDeps, 'report'> {
  readonly functions: Functions
  /** The mappings of the solutions. */
  readonly fixed: readonly Mapping[]
  readonly log: Logger
}

/** The pause before a mapping that could not start is retried: its stream or topic may appear. */
const RETRY_MS = 2000

/** Texts of LastProcessingResult. */
const NOTHING_YET = 'No records processed'
const NO_STREAM = 'PROBLEM: Stream not found'

interface Slot {
  mapping: Mapping
  running: RunningMapping | undefined
  /** Whether the mapping has run in this replica. */
  begun: boolean
  /** The start in progress, or the stop that precedes a restart. */
  changing: Promise<void> | undefined
  lastResult: string
  /** Why the mapping does not run, as logged. */
  waitsFor: string
}

/** The drain time of a consumer that is stopped because its mapping changed (ms). */
const DRAIN_MS = 10_000
/** Characters of a LastProcessingResult. */
const MAX_RESULT_LENGTH = 500

export function openMappings(options: MappingsOptions): Resource<Mappings> {
  const value = new RunningMappings(options)
  return { value, stop: (drainMs) => value.stop(drainMs) }
}

class RunningMappings implements Mappings {
  readonly #options: MappingsOptions
  readonly #slots = new Map<string, Slot>()
  readonly #ending = new Set<Promise<void>>()
  readonly #reconciling: Promise<void>
  #stopped = false
  #woken = false
  #wake = (): void => {}

  constructor(options: MappingsOptions) {
    this.#options = options
    for (const mapping of options.fixed) this.apply(mapping.id, mapping)
    this.#reconciling = this.#reconcile()
  }

  all(): readonly Mapping[] {
    return [...this.#slots.values()].map(({ mapping }) => mapping).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  get(id: string): Mapping | undefined {
    return this.#slots.get(id)?.mapping
  }

  state(id: string): MappingState {
    const slot = this.#slots.get(id)
    if (slot?.mapping.enabled === false) return 'Disabled'
    // A mapping that lost its function or its stream stays enabled; its LastProcessingResult shows why it
    // does not run.
    return slot?.running?.ready() || (slot?.begun && slot.running === undefined) ? 'Enabled' : 'Creating'
  }

  lastResult(id: string): string {
    const slot = this.#slots.get(id)
    if (slot === undefined) return NOTHING_YET
    const { mapping, running, waitsFor, lastResult } = slot
    if (!mapping.enabled) return lastResult
    if (!this.exists(mapping.source)) return NO_STREAM
    return running === undefined && waitsFor !== ''
      ? `PROBLEM: ${waitsFor}`.slice(0, MAX_RESULT_LENGTH)
      : lastResult
  }

  stream(name: string): Stream | undefined {
    const stream = this.#options.streams.get(name)?.stream
    return stream?.status === 'DELETING' ? undefined : stream
  }

  exists(source: SourceDefinition): boolean {
    return eventSource(source).exists(this.#options.streams)
  }

  ready(): boolean {
    return [...this.#slots.values()].every(
      ({ running, changing }) => running?.ready() ?? changing === undefined,
    )
  }

  apply(id: string, mapping: Mapping | undefined): void {
    const before = this.#slots.get(id)
    // The consumer with the old settings ends first, because the new one joins the same group.
    const over = (async () => {
      await before?.changing
      if (before?.running !== undefined) await this.#stopRunning(before)
    })()
    if (mapping === undefined) {
      this.#slots.delete(id)
      this.#removeWindows(id, over)
    } else {
      const slot: Slot = {
        mapping,
        running: undefined,
        begun: before?.begun ?? false,
        changing: undefined,
        lastResult: before?.lastResult ?? NOTHING_YET,
        waitsFor: '',
      }
      slot.changing = over.finally(() => {
        slot.changing = undefined
        this.#wake()
      })
      this.#slots.set(id, slot)
    }
    this.#woken = true
    this.#wake()
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#reconciling
    await Promise.all(
      [...this.#slots.values()].map(async (slot) => {
        await slot.changing
        await slot.running?.stop(drainMs)
      }),
    )
    await Promise.all(this.#ending)
  }

  async #reconcile(): Promise<void> {
    while (!this.#stopped) {
      this.#woken = false
      this.#startAndStop()
      if (!this.#woken)
        await Promise.race([
          sleep(RETRY_MS),
          new Promise<void>((resolve) => {
            this.#wake = resolve
          }),
        ])
    }
  }

  /** Starts the mappings that should run and stops those that should not, each independently. */
  #startAndStop(): void {
    for (const slot of this.#slots.values()) {
      const { mapping } = slot
      const known = this.#options.functions.get(targetOf(mapping)) !== undefined
      const exists = this.exists(mapping.source)
      if (mapping.enabled && !known)
        this.#wait(slot, `the mapping waits for its function ${targetOf(mapping)}, which does not exist`)
      else if (mapping.enabled && !exists)
        this.#wait(slot, 'the mapping waits for its stream, which does not exist')
      const wanted = mapping.enabled && known && exists
      if (slot.changing !== undefined || wanted === (slot.running !== undefined)) continue
      slot.changing = (wanted ? this.#start(slot) : this.#stopRunning(slot)).finally(() => {
        slot.changing = undefined
      })
    }
  }

  async #start(slot: Slot): Promise<void> {
    const { mapping } = slot
    try {
      const report = (result: string): void => {
        slot.lastResult = result.slice(0, MAX_RESULT_LENGTH)
      }
      slot.running = await runMapping(mapping, { ...this.#options, report })
      slot.begun = true
      slot.waitsFor = ''
    } catch (error) {
      this.#wait(slot, `the mapping cannot start yet: ${(error as Error).message}`, error)
    }
    // The mapping was changed or removed while it started.
    if (slot.running !== undefined && (this.get(mapping.id) !== mapping || this.#stopped))
      await this.#stopRunning(slot)
  }

  async #stopRunning(slot: Slot): Promise<void> {
    const { running, mapping } = slot
    slot.running = undefined
    const done = running!
      .stop(DRAIN_MS)
      .catch((error: Error) =>
        this.#options.log.warn({ err: error, mapping: mapping.id }, 'a mapping did not stop cleanly'),
      )
    this.#ending.add(done)
    await done
    this.#ending.delete(done)
  }

  /** Each replica does so when it has stopped the mapping: the last one finds what the others left. */
  #removeWindows(id: string, stopped: Promise<void>): void {
    const { windowStates, log } = this.#options
    const done = stopped
      .then(() => windowStates.remove(id))
      .catch((error: Error) => log.warn({ err: error, mapping: id }, 'windows of a mapping were not removed'))
    this.#ending.add(done)
    void done.then(() => this.#ending.delete(done))
  }

  #wait(slot: Slot, reason: string, error?: unknown): void {
    if (slot.waitsFor === reason) return
    slot.waitsFor = reason
    const { mapping } = slot
    this.#options.log.warn({ err: error, mapping: mapping.id, function: mapping.functionName }, reason)
  }
}
