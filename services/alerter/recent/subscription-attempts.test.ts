import type { DeliveryAttempt } from '@weir/contracts'
import { expect, test } from 'vitest'
import { SubscriptionAttempts } from './subscription-attempts.ts'

const attempt = (startedAt: number, changes: Partial<DeliveryAttempt> = {}): DeliveryAttempt => ({
  subscription: 'a',
  protocol: 'http',
  topic: 'orders',
  messageId: `message-${startedAt}`,
  partition: 0,
  offset: 0,
  retry: false,
  cause: 0,
  attempts: 1,
  startedAt,
  durationMs: 1,
  outcome: 'delivered',
  status: '200',
  answer: null,
  dueAt: null,
  deadLetter: false,
  ...changes,
})
const failed = (startedAt: number, messageId: string, dueAt: number) =>
  attempt(startedAt, { messageId, outcome: 'failed', status: '503', dueAt })

test('a subscription fails until its last attempt succeeds, and what waits its turn says nothing', () => {
  const attempts = new SubscriptionAttempts()
  attempts.add(attempt(1))
  expect(attempts.isFailing).toBe(false)
  attempts.add(failed(2, 'x', 1000))
  attempts.add(attempt(3, { messageId: 'y', outcome: 'postponed', status: 'postponed', dueAt: 2000 }))
  expect([attempts.isFailing, attempts.waiting, attempts.last?.messageId]).toEqual([true, 2, 'x'])
  attempts.add(attempt(4, { messageId: 'x' }))
  expect([attempts.isFailing, attempts.waiting]).toEqual([false, 1])
  expect(attempts.counts).toEqual({ delivered: 2, failed: 1, dead: 0, held: 0 })
})

test('what quiet hours hold back does not wait, and a dead letter is a failure', () => {
  const attempts = new SubscriptionAttempts()
  attempts.add(attempt(1, { outcome: 'postponed', status: 'quiet-hours', dueAt: 1000 }))
  expect([attempts.waiting, attempts.counts.held, attempts.last]).toEqual([0, 1, undefined])
  attempts.add(attempt(2, { outcome: 'dead', deadLetter: true }))
  expect([attempts.isFailing, attempts.counts.dead]).toEqual([true, 1])
})

test('only the newest attempts are kept, and old ones are forgotten', () => {
  const attempts = new SubscriptionAttempts()
  for (let i = 0; i < 200; i++) attempts.add(failed(i * 1000, `message-${i}`, i * 1000 + 20_000))
  expect(attempts.attempts).toHaveLength(50)
  expect(attempts.attempts[0].startedAt).toBe(199_000)
  expect(attempts.counts.failed).toBe(200)
  expect(attempts.forgetBefore(190_000)).toBe(false)
  expect([attempts.attempts.length, attempts.counts.failed]).toEqual([10, 20])
  expect(attempts.forgetBefore(10_000_000)).toBe(true)
  expect([attempts.waiting, attempts.counts.failed]).toEqual([0, 0])
})
