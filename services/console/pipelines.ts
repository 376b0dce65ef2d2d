/** The pipeline of each solution: the topics, flows, functions and sinks that its records pass, in order. */
import { doorNames } from '@weir/contracts/topics.ts'
import { topics } from '@weir/solutions'
import { shapeOf } from '@weir/solutions/flow-shape.ts'
import type { MappingDefinition, Solution, StageDefinition } from '@weir/solutions/solution.ts'

/** One station of a pipeline. */
export interface Station {
  readonly kind:
    | 'door'
    | 'topic'
    | 'stream'
    | 'table'
    | 'flow'
    | 'stage'
    | 'function'
    | 'index'
    | 'deliveries'
  readonly name: string
  /** The stage that reports in weir.stats; null if none does. */
  readonly stage: string | null
  /** The consumer group whose lag is the station's; null if it has none. */
  readonly group: string | null
  /** The names of a flow's steps. */
  readonly steps: readonly string[]
}

export interface Pipeline {
  readonly name: string
  readonly title: string
  /** Where browsers find the solution's page; null if it has none. */
  readonly page: string | null
  /** Chains of stations, each from its source to its end. */
  readonly chains: readonly (readonly Station[])[]
}

/** The stage of the alerter, and its consumer group. */
export const DELIVERIES = 'alerter.deliveries'

interface Edge {
  readonly from: Station
  readonly by: Station
  readonly to: Station | undefined
}

export interface PageUrls {
  readonly enricher: string
  readonly indexer: string
  readonly alerter: string
}

export function pipelineOf(solution: Solution, urls: PageUrls): Pipeline {
  const { name, title = name, page } = solution
  const edges = edgesOf(solution)
  return {
    name,
    title,
    page: page === undefined ? null : `${urls[page.service]}/${name}/`,
    chains: chainsOf(edges),
  }
}

/** The way of notifications, which belongs to no solution: each message to all subscriptions of its topic. */
export const notificationsOf = ({ alerter }: PageUrls): Pipeline => ({
  name: 'notifications',
  title: 'Notifications',
  page: `${alerter}/alerts/`,
  chains: [
    [
      station('topic', 'weir.notifications'),
      station('deliveries', 'Deliveries', { stage: DELIVERIES, group: DELIVERIES }),
    ],
  ],
})

/** The stages of a solution that report in weir.stats, besides the doors. */
export const stagesOf = ({ flows = [], sinks = [], ...solution }: Solution): string[] => [
  ...flows.map(({ name }) => `enricher.${name}`),
  ...ownStages(solution).map(({ service, name }) => `${service}.${name}`),
  ...sinks.map(({ name }) => `indexer.${name}`),
]

/** Stages that services run with their own code. */
const ownStages = ({ stages = [], detections = [], fills = [] }: Solution): readonly OwnStage[] => [
  ...stages,
  ...detections.map((detection) => ({ ...detection, service: 'alerter' as const })),
  ...fills.map((fill) => ({ ...fill, service: 'pricing' as const })),
]

/** Its results go to a topic, to a table, or elsewhere. */
type OwnStage = Omit<StageDefinition, 'deadLetter'> & { readonly table?: string }

function stationOf(source: MappingDefinition['source']): Station {
  if (source.kind === 'kinesis') return station('stream', source.stream)
  return source.kind === 'table' ? station('table', source.table) : station('topic', source.topic)
}

function edgesOf({ flows = [], sinks = [], mappings = [], ...solution }: Solution): Edge[] {
  return [
    ...flows.map((definition): Edge => {
      const { name, source } = definition
      const { output, steps } = shapeOf(definition)
      const stage = `enricher.${name}`
      return {
        from: station('topic', source),
        by: station('flow', name, { stage, group: stage, steps }),
        to: station('topic', output),
      }
    }),
    ...ownStages(solution).map(({ service, name, source, output, table }): Edge => {
      const stage = `${service}.${name}`
      return {
        from: station('topic', source),
        by: station('stage', name, { stage, group: stage }),
        to:
          output !== undefined
            ? station('topic', output)
            : table === undefined
              ? undefined
              : station('table', table),
      }
    }),
    ...mappings.map(
      ({ name, functionName, source, output }): Edge => ({
        from: stationOf(source),
        by: station('function', functionName, { group: `weir.mapping.${name}` }),
        to: output === undefined ? undefined : station('topic', output),
      }),
    ),
    ...sinks.map(({ name, source, to }): Edge => {
      const stage = `indexer.${name}`
      return {
        from: station('topic', source),
        by: station('index', to.index.prefix, { stage, group: stage }),
        to: undefined,
      }
    }),
  ]
}

/**
 * The chains of the first door of each source, and one from each further door to the source, where the others go
 * on.
 */
function chainsOf(edges: readonly Edge[]): Station[][] {
  const fed = new Set(edges.map(({ to }) => to && keyOf(to)))
  const first = edges.filter(({ from }) => !fed.has(keyOf(from)))
  const sources = new Map(first.map(({ from }) => [keyOf(from), from]))
  return [
    ...first.flatMap((edge) => chainsFrom(edge, edges, [...doorsOf(edge.from).slice(0, 1), edge.from])),
    ...[...sources.values()].flatMap((from) =>
      doorsOf(from)
        .slice(1)
        .map((further) => [further, from]),
    ),
  ]
}

/** Follows the records of an edge; a topic that several stations read begins a chain for each of them. */
function chainsFrom({ by, to }: Edge, edges: readonly Edge[], before: readonly Station[]): Station[][] {
  if (to === undefined || before.some((station) => keyOf(station) === keyOf(to))) return [[...before, by]]
  const passed = [...before, by, to]
  const next = edges.filter(({ from }) => keyOf(from) === keyOf(to))
  return next.length === 0 ? [passed] : next.flatMap((edge) => chainsFrom(edge, edges, passed))
}

function doorsOf({ kind, name }: Station): Station[] {
  if (kind === 'stream') return [door('kinesis')]
  const topic = topics[name as keyof typeof topics]
  return topic === undefined ? [] : doorNames(topic).map(door)
}

const door = (name: string): Station => station('door', name, { stage: `ingest-hub.${name}` })

const station = (
  kind: Station['kind'],
  name: string,
  more: Partial<Pick<Station, 'stage' | 'group' | 'steps'>> = {},
): Station => ({ kind, name, stage: null, group: null, steps: [], ...more })

const keyOf = ({ kind, name }: Station): string => `${kind} ${name}`
