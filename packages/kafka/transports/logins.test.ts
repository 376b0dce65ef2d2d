import { afterEach, expect, test, vi } from 'vitest'
import type { KafkaConfig } from '../config.ts'
import { KafkaError } from '../errors.ts'
import { loginWorked, lostLogin, mskToken, refuseAnswer, sharedToken } from './logins.ts'

afterEach(() => vi.unstubAllEnvs())

test('a token of MSK IAM is signed for its region by the role of the process, and shared by all connections', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
  const token = await mskToken('eu-central-1')
  const signed = new URL(Buffer.from(token, 'base64url').toString())
  expect(signed.hostname).toMatch(/^kafka\.eu-central-1\./)
  expect(signed.searchParams.get('Action')).toBe('kafka-cluster:Connect')
  expect(signed.searchParams.get('X-Amz-Credential')).toContain('AKIDEXAMPLE')
  expect(await mskToken('eu-central-1')).toBe(token)
  expect(await mskToken('us-east-1')).not.toBe(token)
})

test('a token is renewed a minute before it expires, once for concurrent callers', async () => {
  let now = 0
  let signatures = 0
  const token = sharedToken(
    async () => ({ token: `token ${++signatures}`, expiryTime: now + 900_000 }),
    () => now,
  )
  expect(await Promise.all([token(), token(), token()])).toEqual(['token 1', 'token 1', 'token 1'])
  now = 839_000
  expect(await token()).toBe('token 1')
  now = 841_000
  expect(await Promise.all([token(), token()])).toEqual(['token 2', 'token 2'])
})

test('a failed signature is retried by the next login', async () => {
  let fails = true
  const token = sharedToken(
    async () => {
      if (fails) throw new Error('no credentials')
      return { token: 'token', expiryTime: 900_000 }
    },
    () => 0,
  )
  await expect(token()).rejects.toThrow('no credentials')
  fails = false
  expect(await token()).toBe('token')
})

test("a broker's answer with content is a refusal", () => {
  refuseAnswer(Buffer.alloc(0))
  expect(() => refuseAnswer(Buffer.from('{"status":"invalid_token"}'))).toThrow(
    /refused the token \(\{"status":"invalid_token"\}\) \(authentication\)/,
  )
})

test('a refused login is a wrong configuration, unless a login has worked before', () => {
  const config = {} as KafkaConfig
  const refused = new KafkaError('authentication', 'The broker refused the login')
  expect(lostLogin(config, refused)).toBeUndefined()
  loginWorked(config)
  expect(lostLogin(config, refused)).toMatchObject({ code: 'login-lost', retriable: true })
  expect(lostLogin(config, new KafkaError('no-broker', 'No connection'))).toBeUndefined()
})
