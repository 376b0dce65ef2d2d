/** Redrive policies: what gets the messages which a subscription's receiver did not take. */
import { parseArn } from '@weir/aws'
import type { Subscription } from './entries.ts'
import { kafkaTopicIn } from './kafka-endpoint.ts'

const QUEUE = /^[\w-]{1,80}(\.fifo)?$/

/** Returns the ARN of a queue, or kafka://TOPIC; undefined if the subscription has none. */
export function deadLetterTarget({ attributes }: Pick<Subscription, 'attributes'>): string | undefined {
  const text = attributes.RedrivePolicy
  if (text === undefined || text === '') return undefined
  const target: unknown = JSON.parse(text)?.deadLetterTargetArn
  return typeof target === 'string' && isTarget(target) ? target : undefined
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
  const target = (policy as { deadLetterTargetArn?: unknown } | null)?.deadLetterTargetArn
  if (typeof target !== 'string' || !isTarget(target))
    return 'RedrivePolicy: deadLetterTargetArn is an invalid arn'
  if (isFifoSubscription && isQueueArn(target) && !target.endsWith('.fifo'))
    return 'RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.'
  return undefined
}

const isTarget = (text: string): boolean => isQueueArn(text) || kafkaTopicIn(text) !== undefined

export function isQueueArn(text: string): boolean {
  const arn = parseArn(text)
  return arn?.service === 'sqs' && arn.region !== '' && arn.accountId !== '' && QUEUE.test(arn.resource)
}
