/** The chart's data about the solutions: which consumer group of which service reads which topic. */
import { topics } from '@weir/contracts'
import { solutions } from '@weir/solutions'

export interface Group {
  readonly service: string
  readonly group: string
  readonly topic: string
  /** Pods beyond this number would be idle. */
  readonly partitions: number
}

/** Returns the groups by the solution's name. */
export function groupsOfSolutions(): Record<string, Group[]> {
  return Object.fromEntries(
    solutions.map(({ name, flows, indices, mappings = [], streams = [] }) => [
      name,
      [
        ...flows.map((flow) => group('enricher', `enricher.${flow.name}`, flow.source)),
        ...indices.map((index) => group('indexer', `indexer.${index.name}`, index.source)),
        ...mappings.map((mapping) => {
          const { source } = mapping
          if (source.kind === 'kafka') return group('enricher', `weir.mapping.${mapping.name}`, source.topic)
          const { shards } = streams.find((stream) => stream.name === source.stream)!
          return {
            service: 'enricher',
            group: `weir.mapping.${mapping.name}`,
            topic: `stream.${source.stream}`,
            partitions: shards,
          }
        }),
      ],
    ]),
  )
}

const group = (service: string, name: string, topic: keyof typeof topics): Group => ({
  service,
  group: name,
  topic,
  partitions: topics[topic].partitions,
})

export const solutionsFile = (): string => `${JSON.stringify(groupsOfSolutions(), null, 2)}\n`
