import { readConfig } from '@weir/config'
import { expect, test } from 'vitest'
import { chooseParts, mailSettings, objectCredentials, stackConfig, stackEnvironment } from './config.ts'

const environment = (env: Readonly<Record<string, string>>, only?: string) => {
  const config = readConfig(env, stackConfig)
  return stackEnvironment({ ...config, parts: chooseParts(only, { ...config, simulator: true }) })
}

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

test('services find the object store, with credentials if the user has none', () => {
  const set = environment({ OBJECTS_PORT: '9100' })
  expect(set.AWS_ENDPOINT_URL_S3).toBe('http://127.0.0.1:9100')
  const home = '/nonexistent'
  expect(objectCredentials(set, {}, home)).toEqual({
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  })
  expect(objectCredentials(set, { AWS_PROFILE: 'work' }, home)).toEqual({})
  expect(objectCredentials({}, {}, home)).toEqual({})
})

test("a user's own object store is the one of the services, and no other is started", () => {
  const own = { AWS_ENDPOINT_URL_S3: 'https://s3.eu-central-1.amazonaws.com' }
  expect(environment(own)).not.toHaveProperty('AWS_ENDPOINT_URL_S3')
  expect(environment(own, 'objects').AWS_ENDPOINT_URL_S3).toBe('http://127.0.0.1:9000')
})
