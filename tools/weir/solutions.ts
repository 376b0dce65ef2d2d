import { chosenSolutions, type Solution } from '@weir/solutions'
import { UsageError } from './command.ts'

/** Returns the solutions with these names; without any, those in WEIR_SOLUTIONS, or all. */
export function namedSolutions(named: readonly string[]): readonly Solution[] {
  const names = named.length > 0 ? named : (process.env.WEIR_SOLUTIONS ?? '').split(',')
  try {
    return chosenSolutions(names.map((name) => name.trim()).filter(Boolean))
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
