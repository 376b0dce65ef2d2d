/** All mappings: those of the solutions and those made by the API. What the list says runs; every replica runs all of them, and their groups share the partitions. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger, Resource } from '@weir/service'
import type { Functions } from '../functions.ts'
import type { InvokeResult } from './delivery.ts'
import type { Mapping } from './mapping.ts'
import { runMapping, type MappingDeps, type RunningMapping } from './run-mapping.ts'
import type { Outcome } from '../runtime/outcome.ts'

export type MappingState = 'Creating' | 'Enabled' | 'Disabled'

export interface Mappings {
  /** In the order of their ids. */
  all(): readonly Mapping[]
  get(id: string): Mapping | undefined
  state(id: string): MappingState
  /** What its last invocation in this replica came to. */
  lastResult(id: string): string
  /** True while every mapping that can run is in its group. */
  ready(): boolean
  /** Takes a mapping of the control log, or takes it away. */
  apply(id: string, mapping: Mapping | undefined): void
}

export interface MappingsOptions extends Omit<MappingDeps, 'invoke'> {
  readonly functions: Functions
  /** Of the solutions. */
  readonly fixed: readonly Mapping[]
  readonly log: Logger
}

/** Where a mapping cannot start yet: its stream or topic may come. */
const RETRY_MS = 2000

interface Slot {
  mapping: Mapping
  running: RunningMapping | undefined
  lastResult: string
}

export function openMappings({ functions, fixed, log, ...deps }: MappingsOptions): Resource<Mappings> {
  const slots = new Map<string, Slot>()
  /** What is to be stopped. */
  const retired: RunningMapping[] = []
  let stopped = false
  let wake = (): void => {}

  const invokeFor = (id: string) => async (name: string, payload: Buffer, requestId: string, signal: AbortSignal): Promise<InvokeResult> => {
    const result = await invocation(functions, name, payload, requestId, signal)
    const slot = slots.get(id)
    if (slot !== undefined) slot.lastResult = result.kind === 'success' ? 'OK' : result.kind === 'throttled' ? 'PROBLEM: Function throttled' : 'PROBLEM: Function call failed'
    return result
  }

  const reconcile = async (): Promise<void> => {
    await Promise.all(retired.splice(0).map((running) => running.stop(10_000)))
    for (const [id, slot] of slots) {
      const { mapping } = slot
      if (slot.running !== undefined || !mapping.enabled || functions.get(mapping.functionName) === undefined) continue
      try {
        const running = await runMapping(mapping, { ...deps, log, invoke: invokeFor(id) })
        if (slots.get(id)?.mapping === mapping && !stopped) slot.running = running
        else retired.push(running)
      } catch (error) {
        log.warn({ err: error, mapping: id, function: mapping.functionName }, 'a mapping cannot start yet')
      }
    }
  }

  const apply = (id: string, mapping: Mapping | undefined): void => {
    const known = slots.get(id)
    if (known?.running !== undefined) retired.push(known.running)
    if (mapping === undefined) slots.delete(id)
    else slots.set(id, { mapping, running: undefined, lastResult: known?.lastResult ?? 'No records processed' })
    wake()
  }

  for (const mapping of fixed) apply(mapping.id, mapping)
  const reconciling = (async () => {
    while (!stopped) {
      await reconcile()
      if (stopped) break
      await Promise.race([sleep(RETRY_MS), new Promise<void>((resolve) => { wake = resolve })])
    }
  })()

  return {
    value: {
      all: () => [...slots.values()].map(({ mapping }) => mapping).sort((a, b) => (a.id < b.id ? -1 : 1)),
      get: (id) => slots.get(id)?.mapping,
      state: (id) => {
        const slot = slots.get(id)
        return slot?.mapping.enabled === false ? 'Disabled' : slot?.running?.ready() ? 'Enabled' : 'Creating'
      },
      lastResult: (id) => slots.get(id)?.lastResult ?? '',
      ready: () => [...slots.values()].every(({ running }) => running?.ready() ?? true),
      apply,
    },
    stop: async (drainMs) => {
      stopped = true
      wake()
      await reconciling
      const running = [...slots.values()].flatMap((slot) => slot.running ?? [])
      await Promise.all([...running, ...retired].map((one) => one.stop(drainMs)))
    },
  }
}

/** Throttled and failed invocations are results; one that was ended from outside rejects. */
async function invocation(functions: Functions, name: string, payload: Buffer, requestId: string, signal: AbortSignal): Promise<InvokeResult> {
  let outcome: Outcome
  try {
    outcome = await functions.invoke(name, payload, { requestId, signal })
  } catch (error) {
    if ((error as { code?: string }).code === 'throttled') return { kind: 'throttled' }
    throw error
  }
  const text = outcome.payload.toString()
  if (outcome.ok) return { kind: 'success', response: text === '' ? undefined : JSON.parse(text) }
  return { kind: 'error', error: text.slice(0, 2000) }
}
