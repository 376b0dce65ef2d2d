/** The delivery policies of topics and subscriptions (SNS developer guide, "Creating an HTTP/S delivery policy"). */
import type { RetryPolicy } from '../deliveries/schedule.ts'
import type { Subscription, Topic } from './entries.ts'

export interface DeliveryPolicy {
  readonly retries: RetryPolicy
  /** The most deliveries to a subscription in a second. */
  readonly maxReceivesPerSecond: number | undefined
}

/** Returns the policy of a subscription, which its topic may set; undefined if neither has one. */
export function effectiveDeliveryPolicy(
  _topic: Topic,
  _subscription: Subscription,
): DeliveryPolicy | undefined {
  return undefined
}
