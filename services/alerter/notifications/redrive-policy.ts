/** Redrive policies: the queue that gets the messages which a subscription's receiver did not take. */
import { parseArn } from '@weir/aws'
import type { Subscription } from './entries.ts'

const QUEUE = /^[\w-]{1,80}(\.fifo)?$/

/** Returns the ARN of the queue; undefined if the subscription has none. */
export function deadLetterQueue({ attributes }: Pick<Subscription, 'attributes'>): string | undefined {
  const text = attributes.RedrivePolicy
  if (text === undefined || text === '') return undefined
  const arn: unknown = JSON.parse(text)?.deadLetterTargetArn
  return typeof arn === 'string' && isQueueArn(arn) ? arn : undefined
}

/**
 * Returns a complaint in SNS's words; undefined if the policy is right.
 * @param isFifoSubscription whether a FIFO queue gets the messages of a FIFO topic
 */
export function complaintAboutRedrive(text: string, isFifoSubscription: boolean): string | undefined {
  if (text === '') return undefined
  let policy: unknown
  try {
    policy = JSON.parse(text)
  } catch {
    return 'RedrivePolicy: failed to parse JSON.'
  }
  const arn = (policy as { deadLetterTargetArn?: unknown } | null)?.deadLetterTargetArn
  if (typeof arn !== 'string' || !isQueueArn(arn))
    return 'RedrivePolicy: deadLetterTargetArn is an invalid arn'
  if (isFifoSubscription && !arn.endsWith('.fifo'))
    return 'RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.'
  return undefined
}

export function isQueueArn(text: string): boolean {
  const arn = parseArn(text)
  return arn?.service === 'sqs' && arn.region !== '' && arn.accountId !== '' && QUEUE.test(arn.resource)
}
