import { expect, test } from 'vitest'
import { confirmationIn } from './confirmation.ts'

const ARN = 'arn:aws:sns:us-east-1:000000000000:news'
const QUERY = `Action=ConfirmSubscription&TopicArn=${ARN}&Token=ab12`

test.each(['http://127.0.0.1:8083', 'https://alerts.example.com/weir'])('a link of %s confirms', (own) => {
  const confirmation = confirmationIn(`${own}/?${QUERY}`, own)!
  expect(confirmation.topicArn).toBe(ARN)
  expect(confirmation.url.startsWith(`${own}/?Action=ConfirmSubscription&`)).toBe(true)
  expect(new URL(confirmation.url).searchParams.get('Token')).toBe('ab12')
})

test.each([
  ['another host', `http://127.0.0.2:8083/?${QUERY}`],
  ['another port', `http://127.0.0.1:8084/?${QUERY}`],
  ['another scheme', `https://127.0.0.1:8083/?${QUERY}`],
  ['a user that looks like the host', `http://127.0.0.1:8083@evil.example/?${QUERY}`],
  ['another path', `http://127.0.0.1:8083/v1/incidents?${QUERY}`],
  ['another action', `http://127.0.0.1:8083/?Action=Unsubscribe&TopicArn=${ARN}&Token=ab12`],
  ['no token', `http://127.0.0.1:8083/?Action=ConfirmSubscription&TopicArn=${ARN}`],
  ['no URL', 'confirm'],
])('a link to %s confirms nothing', (_, link) => {
  expect(confirmationIn(link, 'http://127.0.0.1:8083')).toBeUndefined()
})

test('whatever else a link has is left out', () => {
  const confirmation = confirmationIn(
    `http://user:secret@127.0.0.1:8083/?${QUERY}&Action=DeleteTopic#x`,
    'http://127.0.0.1:8083',
  )
  expect(confirmation!.url).toBe(`http://127.0.0.1:8083/?${new URLSearchParams(QUERY)}`)
})
