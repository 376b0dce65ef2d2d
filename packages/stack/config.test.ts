import { readConfig } from '@weir/config'
import { expect, test } from 'vitest'
import { chooseParts, mailSettings, stackConfig, stackEnvironment } from './config.ts'

const environment = (env: Readonly<Record<string, string>>, only?: string) =>
  stackEnvironment({ ...readConfig(env, stackConfig), parts: chooseParts(only, true) })

test('commands learn where the inbox is, and the alerter sends its e-mails there', () => {
  const set = environment({ INBOX_PORT: '9025', INBOX_SMTP_PORT: '9026' })
  expect(set).toMatchObject({ INBOX_URL: 'http://127.0.0.1:9025', INBOX_SMTP_URL: 'smtp://127.0.0.1:9026' })
  expect(mailSettings(set, {})).toEqual({
    ALERTER_SMTP_URL: 'smtp://127.0.0.1:9026',
    ALERTER_MAIL_FROM: 'weir@inbox.localhost',
  })
  expect(mailSettings(set, { ALERTER_MAIL_FROM: 'me@localhost' }).ALERTER_MAIL_FROM).toBe('me@localhost')
})

test('a mail server of the user stays the one of the alerter', () => {
  const set = environment({ ALERTER_SMTP_URL: 'smtp://mail.example.com' })
  expect(set.INBOX_URL).toBe('http://127.0.0.1:8025')
  expect(set).not.toHaveProperty('INBOX_SMTP_URL')
  expect(mailSettings(set, {})).toEqual({})
})

test('without the inbox nothing is said of it', () => {
  const set = environment({}, 'kafka,registry,alerter')
  expect(Object.keys(set).filter((name) => name.startsWith('INBOX'))).toEqual([])
  expect(mailSettings(set, {})).toEqual({})
})
