/** Reading a committed offset that a transaction may still be moving. */
import { setTimeout as sleep } from 'node:timers/promises'
import { UNSTABLE_OFFSET_COMMIT } from './platformatic/protocol/codes.ts'

/**
 * Milliseconds between two looks: an open transaction ends within milliseconds, or its owner is dead and was
 * fenced already.
 */
const WHILE_OPEN = 10
/** So long an offset is not open in a healthy cluster (ms). */
const HANGING = 1000

/**
 * Asks again while a transaction over the offset is open.
 * @param ask   rejects with what is no answer; UNSTABLE_OFFSET_COMMIT is one
 * @param hangs called where that transaction stays open for longer than any can
 */
export async function whenStable<T extends { errorCode: number }>(
  ask: () => Promise<T>,
  hangs: () => Promise<void>,
): Promise<T> {
  for (let since = Date.now(); ; await sleep(WHILE_OPEN)) {
    const answer = await ask()
    if (answer.errorCode !== UNSTABLE_OFFSET_COMMIT) return answer
    if (Date.now() - since < HANGING) continue
    await hangs()
    since = Date.now()
  }
}
