/** Functions and their mappings with the control log that keeps what was deployed and made by the API. */
import type { Codec } from '@weir/codec'
import { openControlLog, type ControlEntry } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { Streams } from '@weir/streams'
import { checks } from './entries.ts'
import { openEvents, type Events, type EventsOptions } from './events/events.ts'
import { openFunctions, type DeployedFunction, type FunctionDefinition, type Functions } from './functions.ts'
import { openMappings, type Mappings } from './mappings/mappings.ts'
import type { Mapping } from './mappings/mapping.ts'
import type { WindowState } from './mappings/windows.ts'

const TOPIC = 'weir.control.functions'

export interface FunctionService {
  readonly functions: Functions
  readonly mappings: Mappings
  /** Invocations that nobody waits for. */
  readonly events: Events
  /** Decides on a function, or a mapping, as the only replica that does; undefined removes it. What `decide` throws is thrown here. */
  changeFunction(name: string, decide: (current: DeployedFunction | undefined) => DeployedFunction | undefined): Promise<void>
  changeMapping(id: string, decide: (current: Mapping | undefined) => Mapping | undefined): Promise<void>
  /** False while this replica cannot follow what is deployed and made elsewhere. */
  ready(): boolean
}

export interface FunctionServiceOptions {
  readonly definitions: readonly FunctionDefinition[]
  readonly fixed: readonly Mapping[]
  readonly folder: string
  readonly account: { readonly region: string, readonly accountId: string }
  readonly bootstrapServers: string
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  readonly eventOptions?: Pick<EventsOptions, 'groupId' | 'retryMs'>
  readonly log: Logger
}

export async function openFunctionService({ definitions, fixed, folder, account, bootstrapServers, kafka, codec, streams, eventOptions, log }: FunctionServiceOptions): Promise<Resource<FunctionService>> {
  const functions = openFunctions({ definitions, folder, account, log })
  const producer = await kafka.producer()
  const deployed = new Map<string, DeployedFunction>()
  const made = new Map<string, Mapping>()
  const windows = new Map<string, WindowState>()
  let mappings: Resource<Mappings> | undefined

  const apply = ({ kind, id, state }: ControlEntry): void => {
    if (kind === 'function') {
      set(deployed, id, state as DeployedFunction | undefined)
      // Of what was deployed before, only the newest matters.
      if (mappings !== undefined) functions.value.applyDeployed(id, deployed.get(id))
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
  mappings = openMappings({ functions: functions.value, fixed, kafka, producer, codec, streams, account, bootstrapServers, windowStates, catchUp: control.catchUp, log })
  for (const [name, one] of deployed) functions.value.applyDeployed(name, one)
  for (const [id, mapping] of made) mappings.value.apply(id, mapping)
  const events = await openEvents({ kafka, producer, codec, functions: functions.value, ...eventOptions, log })

  return {
    value: {
      functions: functions.value,
      mappings: mappings.value,
      events: events.value,
      ready: control.ready,
      changeFunction: (name, decide) => control.write(() => changed('function', name, deployed.get(name), decide)),
      changeMapping: (id, decide) => control.write(() => {
        const changes = changed('mapping', id, made.get(id), decide)
        if (changes.length === 0 || changes[0].value !== undefined) return changes
        const states = [...windows.keys()].filter((state) => state.startsWith(`${id}/`))
        return [...changes, ...states.map((state) => ({ kind: 'window', id: state, value: undefined }))]
      }),
    },
    stop: async (drainMs) => {
      await Promise.all([mappings.stop(drainMs), events.stop(drainMs)])
      await functions.stop(drainMs)
      await producer.stop(drainMs)
      await control.stop()
    },
  }
}

function changed<T>(kind: string, id: string, current: T | undefined, decide: (current: T | undefined) => T | undefined) {
  const next = decide(current)
  return next === current ? [] : [{ kind, id, value: next }]
}

function set<T>(map: Map<string, T>, id: string, value: T | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}
