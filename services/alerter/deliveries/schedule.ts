/**
 * When a failed delivery is attempted again: four phases of retries (SNS developer guide, "Amazon SNS message
 * delivery retries").
 */

export type BackoffFunction = 'linear' | 'arithmetic' | 'geometric' | 'exponential'

/** A retry policy of SNS, under the names that its API has. Delays are in seconds. */
export interface RetryPolicy {
  /** The retries of all phases together. */
  readonly numRetries: number
  /** Retries of the first phase, without a delay. */
  readonly numNoDelayRetries: number
  /** Retries of the second phase, `minDelayTarget` apart. */
  readonly numMinDelayRetries: number
  /** Retries of the last phase, `maxDelayTarget` apart. */
  readonly numMaxDelayRetries: number
  readonly minDelayTarget: number
  readonly maxDelayTarget: number
  /** How delays grow from one target to the other in the third phase, which has the remaining retries. */
  readonly backoffFunction: BackoffFunction
}

/** Receivers that customers run and that have no policy of their own, over HTTP. */
export const HTTP_POLICY: RetryPolicy = {
  numRetries: 3,
  numNoDelayRetries: 0,
  numMinDelayRetries: 0,
  numMaxDelayRetries: 0,
  minDelayTarget: 20,
  maxDelayTarget: 20,
  backoffFunction: 'linear',
}

/** Queues, functions and streams: 100,015 attempts over 23 days, unless the message expires first. */
export const MANAGED_POLICY: RetryPolicy = {
  numRetries: 100_015,
  numNoDelayRetries: 3,
  numMinDelayRetries: 2,
  numMaxDelayRetries: 100_000,
  minDelayTarget: 1,
  maxDelayTarget: 20,
  backoffFunction: 'exponential',
}

/** E-mail, SMS and mobile push: 50 attempts over six hours. */
export const GATEWAY_POLICY: RetryPolicy = {
  numRetries: 50,
  numNoDelayRetries: 0,
  numMinDelayRetries: 2,
  numMaxDelayRetries: 38,
  minDelayTarget: 10,
  maxDelayTarget: 600,
  backoffFunction: 'exponential',
}

/**
 * Returns the pause before the next attempt, in milliseconds; undefined if the policy has no retry left.
 * @param attempts the number of attempts that were made, at least 1
 */
export function pauseMs(policy: RetryPolicy, attempts: number): number | undefined {
  const { numNoDelayRetries: immediate, numMinDelayRetries: before, numMaxDelayRetries: after } = policy
  if (attempts > policy.numRetries) return undefined
  if (attempts <= immediate) return 0
  if (attempts <= immediate + before) return policy.minDelayTarget * 1000
  const growing = Math.max(0, policy.numRetries - immediate - before - after)
  const retry = attempts - immediate - before
  const seconds = retry > growing ? policy.maxDelayTarget : grown(policy, retry - 1, growing - 1)
  return Math.round(1000 * seconds)
}

/**
 * Returns the delay of a retry of the third phase, in seconds. AWS shows the functions as curves only; they
 * begin with one target and end with the other.
 * @param index from 0 to `last`
 */
function grown(
  { minDelayTarget: min, maxDelayTarget: max, backoffFunction }: RetryPolicy,
  index: number,
  last: number,
): number {
  if (last === 0) return min
  switch (backoffFunction) {
    case 'linear':
      return min + ((max - min) * index) / last
    case 'arithmetic':
      return min + ((max - min) * index * (index + 1)) / (last * (last + 1))
    case 'geometric':
      return min * (max / min) ** (index / last)
    case 'exponential':
      return min + ((max - min) * (2 ** index - 1)) / (2 ** last - 1)
  }
}
