/**
 * Runs the solutions' simulators against the hub, as devices in the field would: reports that cannot be sent
 * wait, and the oldest is dropped when too many wait.
 */
import type { Solution } from '@weir/solutions'
import { pause } from '@weir/timing'
import { withField } from '../hub/wire.ts'
import type { ItemsApi } from '../items-api.ts'
import type { ReferenceApi } from '../reference/api.ts'
import { openCarrier } from './carrier.ts'
import { type PeopleOptions, subscribePeople } from './people.ts'
import { persist } from './persist.ts'

export interface SimulateOptions extends PeopleOptions {
  readonly solutions: readonly Solution[]
  readonly devices: number
  readonly hub: string
  readonly apiKey: string | undefined
  readonly reference: ReferenceApi
  readonly items: ItemsApi
}

export interface SimulatorCounts {
  stored: number
  refused: number
  /** Reports dropped because too many waited. */
  dropped: number
}

const EVERY = 250
/** Records per request. */
const BATCH = 5_000
/** Reports kept while the hub is down: half an hour for 60 devices, about 50 MB. */
const WAITING = 100_000
const CONTROL_EVERY = 1_000

/**
 * Resolves after the signal, once the requests in flight are answered. Rejects with Refused if the hub
 * refuses the client.
 */
export async function simulate(options: SimulateOptions, counts: SimulatorCounts): Promise<void> {
  const start = Date.now()
  await Promise.all(
    options.solutions.map(async (solution, index) => {
      await Promise.all([
        seed(solution, options),
        subscribePeople(solution, options),
        drive(solution, `sim-${start}${index === 0 ? '' : `.${index}`}`, start, options, counts),
      ])
    }),
  )
}

/** Seeds the reference tables that are empty. */
async function seed({ tables = {} }: Solution, options: SimulateOptions): Promise<void> {
  const { reference, log } = options
  for (const [table, { seed: entries }] of Object.entries(tables)) {
    if (Object.keys(entries).length === 0) continue
    await persist(async () => {
      if (Object.keys(await reference.entries(table)).length > 0) return
      for (const [id, entry] of Object.entries(entries)) await reference.put(table, id, entry)
      log(`filled the reference table ${table} with ${Object.keys(entries).length} entries`)
    }, options)
  }
}

/** Keeps a copy of a table. While the service that has it does not answer, the copy stays as it is. */
async function follow(
  read: () => Promise<Record<string, unknown>>,
  copy: Map<string, unknown>,
  { signal }: SimulateOptions,
): Promise<void> {
  while (!signal.aborted) {
    const entries = await read().catch(() => undefined)
    if (entries !== undefined) {
      copy.clear()
      for (const [id, entry] of Object.entries(entries)) copy.set(id, entry)
    }
    await pause(CONTROL_EVERY, signal)
  }
}

async function followTables(
  { simulator, itemTables }: Solution,
  controls: Map<string, unknown>,
  items: Map<string, unknown>,
  options: SimulateOptions,
): Promise<void> {
  const { controls: reference, items: table } = simulator ?? {}
  await Promise.all([
    reference !== undefined && follow(() => options.reference.entries(reference), controls, options),
    table !== undefined && follow(() => options.items.items(table, itemTables![table].key), items, options),
  ])
}

async function stopped(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await pause(EVERY, signal)
}

async function drive(
  solution: Solution,
  idPrefix: string,
  randomSeed: number,
  options: SimulateOptions,
  counts: SimulatorCounts,
): Promise<void> {
  const { devices, hub, apiKey, signal, log } = options
  const { simulator } = solution
  // A simulator that has nothing to play stays: its supervisor would start it again.
  if (simulator === undefined) return stopped(signal)
  let trouble = false
  const onRetry = (reason: string): void => {
    if (!trouble) log(`waiting: ${reason}`)
    trouble = true
  }
  const carrier = openCarrier(simulator.to, { hub, apiKey, signal, onRetry })
  const world = simulator.world({ devices, seed: randomSeed })
  const controls = new Map<string, unknown>()
  const items = new Map<string, unknown>()
  const following = followTables(solution, controls, items, options)
  const waiting: unknown[] = []
  let made = 0
  let sending: Promise<void> | undefined
  let failure: unknown

  const deliver = async (): Promise<void> => {
    while (waiting.length > 0 && !signal.aborted) {
      const { stored, refused } = await carrier.deliver(waiting.splice(0, BATCH))
      counts.stored += stored
      counts.refused += refused.length
      if (refused.length > 0)
        log(
          `the hub refused ${refused.length} reports, the first because ${withField(refused[0].field, refused[0].message)}`,
        )
      if (trouble && stored > 0) log('the hub accepts reports again')
      trouble = trouble && stored === 0
    }
  }

  while (!signal.aborted && failure === undefined) {
    for (const value of world.next(Date.now(), controls, items))
      waiting.push(carrier.encode(value, `${idPrefix}-${made++}`))
    if (waiting.length > WAITING) counts.dropped += waiting.splice(0, waiting.length - WAITING).length
    sending ??= deliver()
      .catch((error) => {
        failure = error
      })
      .finally(() => {
        sending = undefined
      })
    await pause(EVERY, signal)
  }
  await sending
  carrier.close()
  if (failure === undefined) await following
  if (failure !== undefined) throw failure
}
