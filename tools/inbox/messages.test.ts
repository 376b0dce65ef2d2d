import { expect, test } from 'vitest'
import { MAX_MESSAGES, Messages } from './messages.ts'

const mail = (text: string, subject = 'x') =>
  ({ how: 'e-mail', from: 'a@localhost', to: ['b@localhost'], subject, text }) as const

test('the newest messages come first, and the oldest are forgotten', () => {
  const messages = new Messages()
  const first = messages.add(mail('first'))
  for (let i = 0; i < MAX_MESSAGES; i++) messages.add(mail(`${i}`))
  expect(messages.get(first.id)).toBeUndefined()
  expect(messages.list().map(({ text }) => text)).toEqual(
    Array.from({ length: MAX_MESSAGES }, (_, i) => `${MAX_MESSAGES - 1 - i}`),
  )
})

test('long texts are shortened between characters, and all together take bounded memory', () => {
  const messages = new Messages()
  const { text, subject } = messages.add(mail(`${'a'.repeat((1 << 20) - 1)}🚚`, 's'.repeat(5000)))
  expect([text.length, text.at(-1), subject.length]).toEqual([1 << 20, '\ufffd', 1000])
  for (let i = 0; i < 70; i++) messages.add(mail('b'.repeat(1 << 20)))
  expect(messages.list()).toHaveLength(64)
})
