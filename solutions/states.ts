/** The keyed states of solutions. */
import type { Service, StateErasuresTopic, TopicName } from '@weir/contracts'
import type { Solution } from './solution.ts'

export interface StateDefinition {
  /** The changelog, which is also the state's name. */
  readonly topic: TopicName
  readonly erasures: StateErasuresTopic
  /** The service whose tasks own the partitions. */
  readonly service: Service
}

export const statesOf = (solutions: readonly Solution[]): StateDefinition[] =>
  solutions.flatMap(({ detections = [] }) =>
    detections.map(({ states, erasures }) => ({ topic: states, erasures, service: 'alerter' as const })),
  )
