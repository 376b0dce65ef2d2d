import { locationOffers } from './location-offers/solution.ts'
import type { Solution } from './solution.ts'
import { taxiTelemetry } from './taxi-telemetry/solution.ts'

export * from './reference-tables.ts'
export * from './solution.ts'

/** Every solution. Add a new one here. */
export const solutions: readonly Solution[] = [taxiTelemetry, locationOffers]

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
