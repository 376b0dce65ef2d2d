/**
 * Deliveries that fall into the quiet hours of their subscription. The record of the attempt that was not made says
 * so, and the summary is made from these records, so that each is in it once.
 */
import type { DeliveryAttempt, HeldNotification } from '@weir/contracts'
import { titleOf } from '../incidents/incident.ts'
import type { AttemptLog } from './attempts.ts'
import type { Delivery } from './delivery.ts'
import { textFor } from './envelope.ts'

/** The status of such an attempt. Its answer is the title of the message. */
const STATUS = 'quiet-hours'

export function holder(attempts: AttemptLog) {
  return (delivery: Delivery, until: number, signal: AbortSignal): Promise<void> => {
    const { value } = delivery.message!
    const { protocol } = delivery.subscription
    const text = titleOf({ subject: value.subject, message: textFor(value, protocol) })
    const answer = { verdict: 'retry', status: STATUS, text } as const
    const outcome = { outcome: 'postponed', answer, dueAt: until, deadLetter: false } as const
    // No attempt was made; people want to know when the message came.
    const attempted = { attempts: 0, startedAt: value.publishedAt, durationMs: 0 }
    return attempts.write(delivery, outcome, attempted, signal)
  }
}

/** Returns what the attempt holds back; undefined if it is another attempt. */
export function heldIn(attempt: DeliveryAttempt): HeldNotification | undefined {
  const { status, subscription, messageId, answer, startedAt, dueAt } = attempt
  if (status !== STATUS || dueAt === null) return undefined
  return { subscription, messageId, title: answer ?? '', heldAt: startedAt, until: dueAt }
}
