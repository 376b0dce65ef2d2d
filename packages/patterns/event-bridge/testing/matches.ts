/** Compiles and matches patterns as their users do. */
import { matchesPlan, Planner } from '../../plan.ts'
import { Work } from '../../work.ts'
import { parsePattern } from '../pattern.ts'

export function compilePattern(text: string): (event: unknown) => boolean {
  const planner = new Planner()
  const plans = parsePattern(text).map((branch) => planner.plan(branch.values()))
  return (event) => {
    const work = new Work(plans.length > 1)
    return plans.some((one) => matchesPlan(one, event, work))
  }
}
export const matches = (pattern: unknown, event: unknown): boolean =>
  compilePattern(JSON.stringify(pattern))(event)
