/** Ends what a supervisor that was killed left running. */
import { endProcess, stillRuns } from './process.ts'
import type { StackState } from './state.ts'
import { forgetState } from './state.ts'

/**
 * In the reverse order of their start, only what is still the process that was started. Returns their names.
 */
export async function endOrphans({ processes }: StackState): Promise<string[]> {
  const orphans = processes.filter(stillRuns).reverse()
  for (const orphan of orphans) await endProcess(orphan)
  forgetState()
  return orphans.map(({ name }) => name)
}
