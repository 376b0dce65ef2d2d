import { setTimeout as sleep } from 'node:timers/promises'
import { passing } from './cluster.ts'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Repeats `attempt` until it succeeds, fails for good, or `patienceMs` have passed. `recover` runs before
 * each repetition and may fail as well. Pauses double from 50 ms to 1 s.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  recover: () => Promise<unknown>,
  patienceMs: number,
): Promise<T> {
  const until = Date.now() + patienceMs
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt()
    } catch (error) {
      if (!passing(error) || Date.now() + pause > until) throw error
    }
    await sleep(pause)
    await recover().catch(() => {})
  }
}
