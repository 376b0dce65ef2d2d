import { afterEach, expect, test, vi } from 'vitest'
import { saslOptions, seeds, tlsOptions } from './security.ts'

afterEach(() => vi.unstubAllEnvs())

test('MSK IAM: a token signed for the region by the role of this process, used until it nears its end', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
  const options = saslOptions({ mechanism: 'msk-iam', region: 'eu-central-1' }) as { mechanism: string, oauthBearerProvider(): Promise<{ value: string }> }
  expect(options.mechanism).toBe('oauthbearer')
  const { value } = await options.oauthBearerProvider()
  const signed = new URL(Buffer.from(value, 'base64url').toString())
  expect(signed.hostname).toMatch(/^kafka\.eu-central-1\./)
  expect(signed.searchParams.get('Action')).toBe('kafka-cluster:Connect')
  expect(signed.searchParams.get('X-Amz-Credential')).toContain('AKIDEXAMPLE')
  expect((await options.oauthBearerProvider()).value).toBe(value)
})

test('passwords and certificates are passed on as they are; plain text has neither', () => {
  expect(saslOptions({ mechanism: 'scram-sha-512', username: 'u', password: 'p' })).toEqual({ mechanism: 'scram-sha-512', username: 'u', password: 'p' })
  expect(tlsOptions({ ca: 'CA', cert: undefined, key: undefined })).toEqual({ ca: 'CA', cert: undefined, key: undefined })
  expect([saslOptions(undefined), tlsOptions(undefined)]).toEqual([null, null])
})

test('brokers by name, address and IPv6 address', () => {
  const brokers = ['kafka:9092', '127.0.0.1:1', '[::1]:9093']
  expect(seeds({ brokers })).toEqual([['kafka', 9092], ['127.0.0.1', 1], ['::1', 9093]])
})
