/**
 * Functions and their mappings, with the control log that keeps those deployed or created through the API.
 */
import type { Codec } from '@weir/codec'
import { type Change, type ControlEntry, openControlLog } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { Streams } from '@weir/streams'
import { type Catalogue, openCatalogue } from './catalogue.ts'
import { type Archives, openArchives } from './code/archives.ts'
import { openCodeStore } from './code/code-store.ts'
import { openCodeTopic } from './code/code-topic.ts'
import { checks, type Entries, type EntryKind, fromModule, isKind } from './entries.ts'
import { type Events, type EventsOptions, openEvents } from './events/events.ts'
import { type Functions, openFunctions } from './functions.ts'
import { NOTED_DEFAULTS, OWN_RUNTIME } from './lambda-runtimes.ts'
import type { Mapping } from './mappings/mapping.ts'
import { type Mappings, openMappings } from './mappings/mappings.ts'
import type { WindowState } from './mappings/windows/tumbling-windows.ts'
import type { Runtimes } from './runtime/runtimes.ts'
import type { FunctionDefinition } from './solutions.ts'

const TOPIC = 'weir.control.functions'

export interface FunctionService {
  readonly functions: Functions
  readonly catalogue: Catalogue
  readonly archives: Archives
  readonly mappings: Mappings
  /** Asynchronous invocations. */
  readonly events: Events
  /**
   * Changes functions, as the only replica that does so at the time. `decide` derives the changes from the
   * current catalogue; an error that it throws is thrown here.
   */
  changeFunctions(decide: () => readonly Change[]): Promise<void>
  /** Changes a mapping in the same way; if `decide` returns undefined, the mapping is removed. */
  changeMapping(id: string, decide: (current: Mapping | undefined) => Mapping | undefined): Promise<void>
  /** Resolves when this replica knows all changes that other replicas made before the call. */
  catchUp(): Promise<void>
  /** False while this replica cannot follow what is deployed and created elsewhere. */
  ready(): boolean
}

export interface FunctionServiceOptions {
  readonly definitions: readonly FunctionDefinition[]
  readonly fixed: readonly Mapping[]
  /** The folder that caches the code of deployed functions. */
  readonly folder: string
  readonly account: { readonly region: string; readonly accountId: string }
  readonly bootstrapServers: string
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  /** Defaults to Node.js only. */
  readonly runtimes?: Runtimes
  readonly eventOptions?: Pick<EventsOptions, 'groupId' | 'retryMs'>
  /** How long an archive is kept after the last function that used it (ms). */
  readonly codeGraceMs?: number
  readonly log: Logger
}

export async function openFunctionService(
  options: FunctionServiceOptions,
): Promise<Resource<FunctionService>> {
  const {
    definitions,
    fixed,
    folder,
    account,
    bootstrapServers,
    kafka,
    codec,
    streams,
    runtimes,
    eventOptions,
    codeGraceMs,
    log,
  } = options
  const catalogue = openCatalogue()
  const producer = await kafka.producer()
  const topic = await openCodeTopic({ kafka, codec, producer })
  const code = await openCodeStore(folder, topic, log)
  const made = new Map<string, Mapping>()
  const windows = new Map<string, WindowState>()
  /**
   * Functions whose entry was written by an older version of Weir. A change replaces it with entries of the
   * other kinds.
   */
  const modules = new Set<string>()
  let functions: Resource<Functions> | undefined
  let mappings: Resource<Mappings> | undefined

  const apply = ({ kind, id, state }: ControlEntry): void => {
    if (isKind(kind)) {
      catalogue.apply(kind, id, state as Entries[EntryKind] | undefined)
      if (kind === 'latest') modules.delete(id)
      functions?.value.changed(id.split(':')[0])
    } else if (kind === 'function') {
      if (catalogue.get(id) !== undefined && !modules.has(id)) return
      catalogue.apply(
        'latest',
        id,
        state === undefined ? undefined : fromModule(state, OWN_RUNTIME, NOTED_DEFAULTS),
      )
      if (state === undefined) modules.delete(id)
      else modules.add(id)
      functions?.value.changed(id)
    } else if (kind === 'mapping') {
      set(made, id, state as Mapping | undefined)
      mappings?.value.apply(id, made.get(id))
    } else set(windows, id, state as WindowState | undefined)
  }
  const control = await openControlLog({ kafka, codec, topic: TOPIC, checks, apply, log })
  const windowStates = {
    get: (id: string) => windows.get(id),
    set: async (id: string, state: WindowState | undefined) => {
      await control.announce({ kind: 'window', id, value: state })
      set(windows, id, state)
    },
  }
  functions = openFunctions({ definitions, catalogue, code, runtimes, account, log })
  for (const {
    latest: { name },
  } of catalogue.all())
    functions.value.changed(name)
  const archives = openArchives({ catalogue, code, topic, control, graceMs: codeGraceMs, log })
  mappings = openMappings({
    functions: functions.value,
    fixed,
    kafka,
    producer,
    codec,
    streams,
    account,
    bootstrapServers,
    windowStates,
    catchUp: control.catchUp,
    log,
  })
  for (const [id, mapping] of made) mappings.value.apply(id, mapping)
  const events = await openEvents({
    kafka,
    producer,
    codec,
    functions: functions.value,
    account,
    ...eventOptions,
    log,
  })

  return {
    value: {
      functions: functions.value,
      catalogue,
      archives: archives.value,
      mappings: mappings.value,
      events: events.value,
      ready: control.ready,
      changeFunctions: (decide) => control.write(decide),
      changeMapping: (id, decide) =>
        control.write(() => {
          const [current, next] = [made.get(id), decide(made.get(id))]
          if (next === current) return []
          const change = { kind: 'mapping', id, value: next }
          if (next !== undefined) return [change]
          const states = [...windows.keys()].filter((state) => state.startsWith(`${id}/`))
          return [change, ...states.map((state) => ({ kind: 'window', id: state, value: undefined }))]
        }),
      catchUp: control.catchUp,
    },
    stop: async (drainMs) => {
      await Promise.all([mappings.stop(drainMs), events.stop(drainMs), archives.stop(drainMs)])
      await functions.stop(drainMs)
      await producer.stop(drainMs)
      await control.stop()
    },
  }
}

function set<T>(map: Map<string, T>, id: string, value: T | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}
