/**
 * The chart's data about the solutions: which consumer group of which service reads which topic, and the
 * probes of `helm test`.
 */
import type { TopicName } from '@weir/contracts'
import { solutions, topics } from '@weir/solutions'

interface Group {
  readonly service: string
  readonly group: string
  readonly topic: string
  /** Pods beyond this number would be idle. */
  readonly partitions: number
}

/** Returns the groups by the solution's name. */
function groupsOfSolutions(): Record<string, Group[]> {
  return Object.fromEntries(
    solutions.map(({ name, flows = [], stages = [], detections = [], mappings = [], ...solution }) => [
      name,
      [
        ...flows.map((flow) => group('enricher', `enricher.${flow.name}`, flow.source)),
        ...stages.map((stage) => group(stage.service, `${stage.service}.${stage.name}`, stage.source)),
        ...detections.map((one) => group('alerter', `alerter.${one.name}`, one.source)),
        ...(solution.fills ?? []).map((fill) => group('pricing', `pricing.${fill.name}`, fill.source)),
        ...(solution.sinks ?? []).map((sink) => group('indexer', `indexer.${sink.name}`, sink.source)),
        ...mappings.map((mapping) => {
          const { source } = mapping
          if (source.kind === 'kafka') return group('enricher', `weir.mapping.${mapping.name}`, source.topic)
          if (source.kind === 'table')
            return group('enricher', `weir.mapping.${mapping.name}`, 'weir.tables.changes')
          const { shards } = solution.streams!.find((stream) => stream.name === source.stream)!
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

const group = (service: string, name: string, topic: TopicName): Group => ({
  service,
  group: name,
  topic,
  partitions: topics[topic].partitions,
})

/** Returns the probes, each with the name pattern of its indices. */
function probesOfSolutions(): object[] {
  return solutions.flatMap(({ name, probe, sinks = [] }) => {
    if (probe === undefined) return []
    const { index, ...rest } = probe
    const { prefix } = sinks.find((sink) => sink.name === index)!.to.index
    return [{ solution: name, ...rest, indices: `${prefix}-*` }]
  })
}

/** The files under the chart's files/, by name. */
export const solutionsFiles = (): Record<string, string> => ({
  'solutions.json': `${JSON.stringify(groupsOfSolutions(), null, 2)}\n`,
  'probes.json': `${JSON.stringify(probesOfSolutions(), null, 2)}\n`,
})
