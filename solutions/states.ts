/** The keyed states of solutions. */
import type { Service, StateErasuresTopic, TopicName } from '@weir/contracts'
import { shapeOf } from './flow-shape.ts'
import type { FlowDefinition, Solution } from './solution.ts'

export interface StateDefinition {
  /** The changelog, which is also the state's name. */
  readonly topic: TopicName
  readonly erasures: StateErasuresTopic
  /** The service whose tasks own the partitions. */
  readonly service: Service
}

export const statesOf = (solutions: readonly Solution[]): StateDefinition[] =>
  solutions.flatMap(({ detections = [], flows = [] }) => [
    ...detections.map(({ states, erasures }) => ({ topic: states, erasures, service: 'alerter' as const })),
    ...flows.flatMap(windowsOf),
  ])

/** The states that the tasks of a service own. */
export const statesOfService = (solutions: readonly Solution[], service: Service): StateDefinition[] =>
  statesOf(solutions).filter((state) => state.service === service)

function windowsOf(flow: FlowDefinition): StateDefinition[] {
  const { windows } = shapeOf(flow)
  if (windows === undefined) return []
  const { states, erasures } = windows
  return [
    { topic: states as TopicName, erasures: erasures as StateErasuresTopic, service: 'enricher' as const },
  ]
}
