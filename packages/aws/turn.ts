/** Takes turns with long work on the event loop. */
import { setImmediate as nextRound } from 'node:timers/promises'

let last: Promise<unknown> = Promise.resolve()

/**
 * Resolves when the caller may do a piece of long work: one caller in each round of the event loop, in the
 * order of their calls, so that short requests are served in between. The work must begin without another
 * await.
 */
export function turn(): Promise<unknown> {
  return (last = last.then(() => nextRound()))
}
