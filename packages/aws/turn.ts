/** Long work on the event loop, one piece at a time. */
import { setImmediate as nextRound } from 'node:timers/promises'

let last: Promise<unknown> = Promise.resolve()

/**
 * Resolves when no piece of long work that asked earlier is left for this round of the event loop: between
 * two of them it serves what else is waiting. The work must begin without another await.
 */
export function turn(): Promise<unknown> {
  return (last = last.then(() => nextRound()))
}
