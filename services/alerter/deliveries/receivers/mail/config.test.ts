import { ConfigReader } from '@weir/config'
import { expect, test } from 'vitest'
import { isMailAddress, mailConfig } from './config.ts'

const read = (ALERTER_SMTP_URL?: string, ALERTER_MAIL_FROM?: string) => {
  const reader = new ConfigReader({ ALERTER_SMTP_URL, ALERTER_MAIL_FROM })
  return { config: mailConfig(reader), problems: reader.problems }
}

test('without a server there is no e-mail', () => {
  expect(read()).toEqual({ config: undefined, problems: [] })
})

test.each([
  ['smtp://localhost', { host: 'localhost', port: 587, isSecure: false, credentials: undefined }],
  [
    'smtps://mail.example.com',
    { host: 'mail.example.com', port: 465, isSecure: true, credentials: undefined },
  ],
  [
    'smtps://weir%40example.com:p%2Fw@[::1]:4465',
    { host: '::1', port: 4465, isSecure: true, credentials: { user: 'weir@example.com', pass: 'p/w' } },
  ],
])('%s names a server', (url, server) => {
  expect(read(url, 'a@example.com')).toEqual({ config: { ...server, from: 'a@example.com' }, problems: [] })
})

test.each([
  ['http://localhost', 'a@example.com', 'ALERTER_SMTP_URL must be'],
  ['localhost:25', 'a@example.com', 'ALERTER_SMTP_URL must be'],
  ['smtp://a%zz@localhost', 'a@example.com', 'ALERTER_SMTP_URL must be'],
  ['smtp://localhost', undefined, 'ALERTER_MAIL_FROM must be'],
  ['smtp://localhost', 'Weir <a@example.com>', 'ALERTER_MAIL_FROM must be'],
  [undefined, 'a@example.com', 'ALERTER_MAIL_FROM is set without'],
])('%s with %s is a problem, which does not show the URL', (url, from, problem) => {
  const { config, problems } = read(url, from)
  expect(config).toBeUndefined()
  expect(problems).toEqual([expect.stringContaining(problem)])
  expect(problems[0]).not.toContain('%zz')
})

test.each([
  'a@example.com',
  "o'neill+x=y@mail.example.co.uk",
  'root@localhost',
  `${'a'.repeat(64)}@example.com`,
])('%s is an address', (address) => expect(isMailAddress(address)).toBe(true))

test.each([
  '',
  'a',
  '@example.com',
  'a@',
  'a@b@example.com',
  'a b@example.com',
  '"a b"@example.com',
  'a@example.com\r\nBcc: b@example.com',
  'a@example.com,b@example.com',
  'a@example.com>',
  'A <a@example.com>',
  '.a@example.com',
  'a..b@example.com',
  'a@-example.com',
  'a@[127.0.0.1]',
  `${'a'.repeat(65)}@example.com`,
  `a@${'b.'.repeat(130)}com`,
])('%j is not an address', (address) => expect(isMailAddress(address)).toBe(false))
