import { expect, test } from 'vitest'
import { saslOptions, seeds, tlsOptions } from './security.ts'

test('passwords and certificates are passed on as they are; plain text has neither', () => {
  expect(saslOptions({ mechanism: 'scram-sha-512', username: 'u', password: 'p' })).toEqual({
    mechanism: 'scram-sha-512',
    username: 'u',
    password: 'p',
  })
  expect(tlsOptions({ ca: 'CA', cert: undefined, key: undefined })).toEqual({
    ca: 'CA',
    cert: undefined,
    key: undefined,
  })
  expect([saslOptions(undefined), tlsOptions(undefined)]).toEqual([null, null])
})

test('brokers by name, address and IPv6 address', () => {
  const brokers = ['kafka:9092', '127.0.0.1:1', '[::1]:9093']
  expect(seeds({ brokers })).toEqual([
    ['kafka', 9092],
    ['127.0.0.1', 1],
    ['::1', 9093],
  ])
})
