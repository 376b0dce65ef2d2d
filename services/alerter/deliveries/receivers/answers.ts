/** Verdicts that several protocols share. */
import type { Answer } from '../delivery.ts'

/**
 * Server errors and too many requests pass; other client errors are final (SNS developer guide, "Amazon SNS
 * message delivery retries"). A redirect is not followed: most would turn the message into a request without
 * it.
 */
export function verdictOf(status: number): Answer['verdict'] {
  if (status >= 200 && status < 300) return 'delivered'
  return status >= 500 || status === 429 ? 'retry' : 'dead'
}

/** The answer for a request to confirm a subscription, if the protocol does not confirm subscriptions. */
export const UNCONFIRMED: Answer = { verdict: 'dead', status: 'unconfirmed', text: null }
