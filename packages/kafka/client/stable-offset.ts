/** Reading a committed offset that a transaction may still be moving. */
import { setTimeout as sleep } from 'node:timers/promises'
import { UNSTABLE_OFFSET_COMMIT } from './protocol/codes.ts'

/**
 * Milliseconds between two attempts: an open transaction ends within milliseconds, or its owner is dead and
 * already fenced.
 */
const WHILE_OPEN = 10
/** In a healthy cluster, no transaction over an offset stays open for this long (ms). */
const HANGING = 1000

/**
 * Repeats `ask` while a transaction over the offset is open.
 * @param ask   rejects with any error but UNSTABLE_OFFSET_COMMIT, which it returns
 * @param hangs called if that transaction stays open for longer than it can in a healthy cluster
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
