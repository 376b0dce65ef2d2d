/** Ends the processes that a killed supervisor left running. */
import { endProcess, stillRuns } from './process.ts'
import type { StackState } from './state.ts'
import { forgetState } from './state.ts'

/**
 * Ends the processes in reverse order of their start, and only those that are still the process that was
 * started. Returns their names.
 */
export async function endOrphans({ processes }: StackState): Promise<string[]> {
  const orphans = processes.filter(stillRuns).reverse()
  for (const orphan of orphans) await endProcess(orphan)
  forgetState()
  return orphans.map(({ name }) => name)
}
