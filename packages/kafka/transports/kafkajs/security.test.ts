import { expect, test } from 'vitest'
import { saslOptions, tlsOptions } from './security.ts'

test('passwords and certificates are passed on unchanged, and plain text has neither', () => {
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
