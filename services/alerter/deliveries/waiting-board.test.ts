import { expect, test } from 'vitest'
import type { Delivery, Outcome } from './delivery.ts'
import { WaitingBoard } from './waiting-board.ts'

const delivery = (subscription: string, messageId: string, publishedAt: number): Delivery =>
  ({
    subscription: { id: subscription },
    topic: { name: 'orders' },
    messageId,
    message: { value: { messageId, publishedAt }, partition: 0, offset: 0 },
  }) as Delivery
const failed = (dueAt: number): Outcome => ({
  outcome: 'failed',
  answer: { verdict: 'retry', status: '503', text: null },
  dueAt,
  deadLetter: false,
})
const delivered: Outcome = {
  outcome: 'delivered',
  answer: { verdict: 'delivered', status: '200', text: null },
}

test('the board has the age of the oldest failed delivery until it ends', () => {
  const board = new WaitingBoard()
  expect(board.look(1000)).toEqual({ subscriptions: 0, oldestSeconds: 0 })
  board.note(delivery('a', '1', 10_000), failed(40_000))
  board.note(delivery('a', '2', 20_000), failed(40_000))
  board.note(delivery('b', '2', 20_000), failed(50_000))
  expect(board.look(30_000)).toEqual({ subscriptions: 2, oldestSeconds: 20 })
  board.note(delivery('a', '1', 10_000), delivered)
  expect(board.look(30_000)).toEqual({ subscriptions: 2, oldestSeconds: 10 })
  board.note(delivery('a', '2', 20_000), delivered)
  board.note(delivery('b', '2', 20_000), delivered)
  expect(board.look(30_000)).toEqual({ subscriptions: 0, oldestSeconds: 0 })
})

test('deliveries that went to another replica are forgotten', () => {
  const board = new WaitingBoard()
  board.note(delivery('a', '1', 0), failed(1000))
  expect(board.look(600_000).subscriptions).toBe(1)
  expect(board.look(602_000).subscriptions).toBe(0)
})
