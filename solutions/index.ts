import { gatherTopics, type Topics } from '@weir/contracts'
import type { Solution } from './solution.ts'

export * from './item-tables.ts'
export * from './model-endpoints.ts'
export * from './reference-tables.ts'
export * from './simulation.ts'
export * from './solution.ts'

/** Every solution, one line each. Add a new one here. */
const modules = await Promise.all([
  import('./taxi-telemetry/solution.ts'),
  import('./location-offers/solution.ts'),
  import('./fleet-anomalies/solution.ts'),
  import('./sneaker-pricing/solution.ts'),
])

export const solutions: readonly Solution[] = modules.map(({ solution }) => solution)

/** The flows, stages, detections, fills and sinks of all solutions: they read a source, and write dead letters. */
export const consumers = solutions.flatMap(
  ({ flows = [], stages = [], detections = [], fills = [], sinks = [] }) => [
    ...flows,
    ...stages,
    ...detections,
    ...fills,
    ...sinks,
  ],
)

/** Every topic: those of the solutions, and the platform's. */
export const topics: Topics = gatherTopics(
  solutions.map((solution) => solution.topics ?? {}),
  new Set(consumers.map(({ source }) => source)),
)

/**
 * Returns the solutions with these names, or all of them if no name is given. Throws a sentence that lists
 * the known names.
 */
export function chosenSolutions(names: readonly string[]): readonly Solution[] {
  if (names.length === 0) return solutions
  return names.map((name) => {
    const found = solutions.find((solution) => solution.name === name)
    if (!found)
      throw new Error(
        `There is no solution "${name}"; WEIR_SOLUTIONS may name ${solutions.map((solution) => solution.name).join(', ')}.`,
      )
    return found
  })
}
