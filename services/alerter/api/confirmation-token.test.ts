import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { isHex, isSameToken, newToken, subscriptionIn } from './confirmation-token.ts'

test('a token has the length of those of SNS and names its subscription', () => {
  const id = randomUUID()
  const token = newToken(id)
  expect(token).toHaveLength(288)
  expect(isHex(token)).toBe(true)
  expect(subscriptionIn(token)).toBe(id)
})

test('two tokens of a subscription differ', () => {
  const id = randomUUID()
  expect(isSameToken(newToken(id), newToken(id))).toBe(false)
})

test.each(['', 'randomtoken', 'abc123', '0'.repeat(287), `${'0'.repeat(287)}x`, '0'.repeat(100_000)])(
  'a text that is no token names no subscription: %#',
  (text) => expect(subscriptionIn(text)).toBeUndefined(),
)
