/**
 * All mappings: those of the solutions and those created through the API. The list determines what runs.
 * Every replica runs all of them, and each mapping's consumer group shares out the partitions.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger, Resource } from '@weir/service'
import type { Stream } from '@weir/streams'
import type { Functions } from '../functions.ts'
import { resultOf } from './answer.ts'
import type { CallResult } from './delivery.ts'
import { type Mapping, targetOf } from './mapping.ts'
import { type MappingDeps, type RunningMapping, runMapping } from './run-mapping.ts'

export type MappingState = 'Creating' | 'Enabled' | 'Disabled'

export interface Mappings {
  /** All mappings, sorted by id. */
  all(): readonly Mapping[]
  get(id: string): Mapping | undefined
  state(id: string): MappingState
  /** The LastProcessingResult: how the last attempt in this replica ended, or why there is none. */
  lastResult(id: string): string
  /** The stream as this replica knows it; undefined if it is being deleted. */
  stream(name: string): Stream | undefined
  /** True while every mapping that can run is in its group. */
  ready(): boolean
  /** Adds or replaces a mapping of the control log; undefined removes it. */
  apply(id: string, mapping: Mapping | undefined): void
}

export interface MappingsOptions extends Omit<MappingDeps, 'invoke' | 'report'> {
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

export function openMappings({ functions, fixed, log, ...deps }: MappingsOptions): Resource<Mappings> {
  const slots = new Map<string, Slot>()
  const ending = new Set<Promise<void>>()
  let stopped = false
  let woken = false
  let wake = (): void => {}

  const streamOf = (name: string): Stream | undefined => {
    const stream = deps.streams.get(name)?.stream
    return stream?.status === 'DELETING' ? undefined : stream
  }

  const lacksStream = ({ source }: Mapping): boolean =>
    source.kind === 'kinesis' && streamOf(source.stream) === undefined

  const wait = (slot: Slot, reason: string, error?: unknown): void => {
    if (slot.waitsFor === reason) return
    slot.waitsFor = reason
    log.warn({ err: error, mapping: slot.mapping.id, function: slot.mapping.functionName }, reason)
  }

  const stopRunning = async (slot: Slot): Promise<void> => {
    const { running } = slot
    slot.running = undefined
    const done = running!
      .stop(DRAIN_MS)
      .catch((error: Error) =>
        log.warn({ err: error, mapping: slot.mapping.id }, 'a mapping did not stop cleanly'),
      )
    ending.add(done)
    await done
    ending.delete(done)
  }

  const start = async (slot: Slot): Promise<void> => {
    const { mapping } = slot
    try {
      const report = (result: string): void => {
        slot.lastResult = result.slice(0, MAX_RESULT_LENGTH)
      }
      slot.running = await runMapping(mapping, {
        ...deps,
        log,
        report,
        invoke: (...call) => invocation(functions, mapping, ...call),
      })
      slot.begun = true
      slot.waitsFor = ''
    } catch (error) {
      wait(slot, `the mapping cannot start yet: ${(error as Error).message}`, error)
    }
    // The mapping was changed or removed while it started.
    if (slot.running !== undefined && (slots.get(mapping.id)?.mapping !== mapping || stopped))
      await stopRunning(slot)
  }

  /** Starts the mappings that should run and stops those that should not, each independently. */
  const reconcile = (): void => {
    for (const slot of slots.values()) {
      const { mapping } = slot
      const known = functions.get(targetOf(mapping)) !== undefined
      const lost = lacksStream(mapping)
      if (mapping.enabled && !known)
        wait(slot, `the mapping waits for its function ${targetOf(mapping)}, which does not exist`)
      else if (mapping.enabled && lost) wait(slot, 'the mapping waits for its stream, which does not exist')
      const wanted = mapping.enabled && known && !lost
      if (slot.changing !== undefined || wanted === (slot.running !== undefined)) continue
      slot.changing = (wanted ? start(slot) : stopRunning(slot)).finally(() => {
        slot.changing = undefined
      })
    }
  }

  const apply = (id: string, mapping: Mapping | undefined): void => {
    const before = slots.get(id)
    // The consumer with the old settings ends first, because the new one joins the same group.
    const over = (async () => {
      await before?.changing
      if (before?.running !== undefined) await stopRunning(before)
    })()
    if (mapping === undefined) slots.delete(id)
    else {
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
        wake()
      })
      slots.set(id, slot)
    }
    woken = true
    wake()
  }

  for (const mapping of fixed) apply(mapping.id, mapping)
  const reconciling = (async () => {
    while (!stopped) {
      woken = false
      reconcile()
      if (!woken)
        await Promise.race([
          sleep(RETRY_MS),
          new Promise<void>((resolve) => {
            wake = resolve
          }),
        ])
    }
  })()

  return {
    value: {
      all: () => [...slots.values()].map(({ mapping }) => mapping).sort((a, b) => (a.id < b.id ? -1 : 1)),
      get: (id) => slots.get(id)?.mapping,
      state: (id) => {
        const slot = slots.get(id)
        if (slot?.mapping.enabled === false) return 'Disabled'
        // A mapping that lost its function or its stream stays enabled; its LastProcessingResult shows why it
        // does not run.
        return slot?.running?.ready() || (slot?.begun && slot.running === undefined) ? 'Enabled' : 'Creating'
      },
      lastResult: (id) => {
        const slot = slots.get(id)
        if (slot === undefined) return NOTHING_YET
        const { mapping, running, waitsFor, lastResult } = slot
        if (!mapping.enabled) return lastResult
        if (lacksStream(mapping)) return NO_STREAM
        return running === undefined && waitsFor !== ''
          ? `PROBLEM: ${waitsFor}`.slice(0, MAX_RESULT_LENGTH)
          : lastResult
      },
      stream: streamOf,
      ready: () =>
        [...slots.values()].every(({ running, changing }) => running?.ready() ?? changing === undefined),
      apply,
    },
    stop: async (drainMs) => {
      stopped = true
      wake()
      await reconciling
      await Promise.all(
        [...slots.values()].map(async (slot) => {
          await slot.changing
          await slot.running?.stop(drainMs)
        }),
      )
      await Promise.all(ending)
    },
  }
}

/** Throttled and failed invocations are results; one that was ended from outside rejects. */
async function invocation(
  functions: Functions,
  mapping: Mapping,
  name: string,
  payload: Buffer,
  requestId: string,
  signal: AbortSignal,
): Promise<CallResult> {
  try {
    const outcome = await functions.invoke(name, payload, { requestId, signal })
    return { ...resultOf(outcome, mapping), executedVersion: outcome.executedVersion }
  } catch (error) {
    if ((error as { code?: string }).code === 'throttled') return { kind: 'throttled' }
    throw error
  }
}
