import { expect, test } from 'vitest'
import { errorKey } from './error-object.ts'

const time = Date.UTC(2025, 11, 31, 20, 5, 7)
const name = 'calls-1-2025-12-31-20-05-07-0e0b1c9e'
const of = (errorPrefix: string, timeZone = 'UTC'): string =>
  errorKey({ key: `a/b/${name}` }, { kind: 'http', errorPrefix, timeZone }, time)

test.each([
  ['', `http-endpoint-failed/2025/12/31/20/${name}`],
  ['errors/', `errors/http-endpoint-failed/2025/12/31/20/${name}`],
  ['!{firehose:error-output-type}-!{timestamp:yyyy}/', `http-endpoint-failed-2025/${name}`],
])('the error prefix %j', (prefix, key) => expect(of(prefix)).toBe(key))

test('the time is that of the zone', () =>
  expect(of('e/', 'Asia/Tokyo')).toBe(`e/http-endpoint-failed/2026/01/01/05/${name}`))

test('random characters are the same at a repetition', () => {
  const prefix = '!{firehose:error-output-type}/!{firehose:random-string}/!{timestamp:yyyy}/'
  expect(of(prefix)).toMatch(/^http-endpoint-failed\/[A-Za-z0-9]{11}\/2025\//)
  expect(of(prefix)).toBe(of(prefix))
})
