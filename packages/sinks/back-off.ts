import { backoffMs } from '@weir/timing'

/**
 * The backoff before try n (from 1): 100 ms, doubled each time up to 10 s, with up to a quarter less at
 * random, so that replicas do not retry in step.
 */
export const backOff = (n: number): number => backoffMs(n - 1, 100, 10_000) * (1 - Math.random() / 4)
