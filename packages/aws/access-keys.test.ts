import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { ConfigError, readConfig } from '@weir/config'
import { logger } from '@weir/service'
import { afterAll, expect, test, vi } from 'vitest'
import { parseAccessKeys } from './access-key-file.ts'
import { awsAccessConfig, openAwsAccess } from './access-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-aws-'))
afterAll(() => rmSync(folder, { recursive: true }))
const log = logger('test')
log.level = 'silent'

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const key = (accessKeyId: string, more: object = {}): object => ({
  accessKeyId,
  secretAccessKey: SECRET,
  streams: ['*'],
  ...more,
})
function file(name: string, keys: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(keys))
  return join(folder, name)
}

const arn = (name: string): string => `arn:aws:kinesis:eu-central-1:123456789012:stream/${name}`

test('a key has rights to actions on streams', () => {
  const { clients } = parseAccessKeys(
    JSON.stringify([
      key('WRITER', {
        streams: ['orders', 'sensor-*', '*-log-*'],
        actions: ['kinesis:Put*', 'kinesis:DescribeStream', 'kinesis:ListStreams'],
      }),
      key('ADMIN'),
      key('NOBODY', { streams: [] }),
    ]),
  )
  const may = (name: string, action: string, resource: string): boolean =>
    clients.get(name)!.may(action, resource)
  expect(
    ['orders', 'orders2', 'sensor-1', 'sensor', 'a-log-b', 'a-log'].map((name) =>
      may('WRITER', 'kinesis:PutRecords', arn(name)),
    ),
  ).toEqual([true, false, true, false, true, false])
  expect(may('WRITER', 'kinesis:GetRecords', arn('orders'))).toBe(false)
  expect(may('WRITER', 'kinesis:DescribeStreamSummary', arn('orders'))).toBe(false)
  expect(may('WRITER', 'kinesis:PutRecord', `${arn('orders')}/consumer/sensor-1:1700000000`)).toBe(true)
  expect(may('WRITER', 'kinesis:PutRecord', `${arn('secret')}/consumer/orders:1700000000`)).toBe(false)
  expect(may('WRITER', 'kinesis:ListStreams', '*')).toBe(true)
  expect(may('WRITER', 'kinesis:DescribeLimits', '*')).toBe(false)
  expect(may('ADMIN', 'firehose:PutRecord', 'arn:aws:firehose:us-east-1:123456789012:deliverystream/x')).toBe(
    true,
  )
  expect(may('NOBODY', 'kinesis:PutRecord', arn('orders'))).toBe(false)
})

test('rights are granted by service, also for services that Weir does not know', () => {
  const { clients, problems } = parseAccessKeys(
    JSON.stringify([
      key('NEWER', {
        streams: undefined,
        rights: { kinesis: ['orders'], dynamodb: ['team-*'], kafka: ['taxi.*'], lambda: [] },
      }),
      key('BOTH', { streams: ['orders'], functions: ['offers'], rights: { kinesis: ['more'], glue: ['*'] } }),
      key('ADMIN', { streams: undefined, rights: { '*': ['*'] } }),
      key('OLDER', { streams: ['*'], functions: ['*'] }),
    ]),
  )
  expect(problems).toEqual([])
  const may = (name: string, resource: string): boolean => clients.get(name)!.may('any:Thing', resource)
  const table = (name: string): string =>
    `arn:aws:dynamodb:eu-central-1:123456789012:table/${name}/stream/2026`
  const offers = 'arn:aws:lambda:eu-central-1:123456789012:function:offers:live'
  const resources = [
    arn('orders'),
    arn('more'),
    table('team-a'),
    table('orders'),
    'taxi.late',
    'orders',
    offers,
    '*',
  ]
  const rightsOf = (name: string): boolean[] => resources.map((resource) => may(name, resource))
  expect(rightsOf('NEWER')).toEqual([true, false, true, false, true, false, false, true])
  expect(rightsOf('BOTH')).toEqual([true, true, false, false, false, true, true, true])
  expect(rightsOf('ADMIN')).toEqual(resources.map(() => true))
  // `streams` grants rights to the kinds of resources that existed when keys had no other setting.
  expect(rightsOf('OLDER')).toEqual([true, true, false, false, true, true, true, true])
  expect(may('OLDER', 'arn:aws:s3:::bucket')).toBe(true)
  expect(may('NEWER', 'arn:aws:kinesis:eu-central-1:123456789012:stream/*')).toBe(false)
})

test.each([
  [{ rights: [] }, 'needs rights like'],
  [{ rights: null }, 'needs rights like'],
  [{ rights: { kinesis: 'orders' } }, 'needs rights like'],
  [{ rights: { kinesis: [1] } }, 'needs rights like'],
  [{ rights: { Kinesis: ['orders'] } }, 'needs rights like'],
  [{ rights: { kinesis: ['a b'] } }, 'needs rights like'],
  [{ streams: undefined }, 'needs rights, or streams: a list of names'],
])('rights in another form are refused: %j', (more, problem) => {
  const { clients, problems } = parseAccessKeys(JSON.stringify([key('WRONG', more)]))
  expect([clients.size, problems.length]).toEqual([0, 1])
  expect(problems[0]).toContain(problem)
})

test('a client has its secret, which does not appear when the client is printed', () => {
  const client = parseAccessKeys(JSON.stringify([key('WRITER')])).clients.get('WRITER')!
  expect(client).toMatchObject({ name: 'WRITER', expiresAt: undefined })
  expect(client.secret).toBe(SECRET)
  expect(JSON.stringify(client) + inspect(client)).not.toContain(SECRET)
  expect([client.acceptsToken(undefined), client.acceptsToken('t')]).toEqual([true, false])
})

test('every problem of a file is reported, without the secrets', () => {
  expect(parseAccessKeys('{').problems).toEqual(['The file of access keys is not JSON.'])
  expect(parseAccessKeys('{}').problems).toEqual(['The file of access keys must hold a list.'])
  const { clients, problems } = parseAccessKeys(
    JSON.stringify([
      key('GOOD', { expires: '2027-01-01T00:00:00Z' }),
      key('GOOD'),
      null,
      {
        accessKeyId: 'a b',
        secretAccessKey: 'short-secret',
        streams: 'x',
        actions: ['*:*'],
        expires: 'soon',
        strems: [],
      },
    ]),
  )
  expect([...clients.keys()]).toEqual(['GOOD'])
  expect(clients.get('GOOD')!.expiresAt).toBe(Date.UTC(2027, 0))
  expect(problems).toHaveLength(8)
  expect(problems.join()).not.toContain('secret-')
  expect(() => openAwsAccess({ keysFile: join(folder, 'missing.json'), anonymous: false }, log)).toThrow(
    ConfigError,
  )
  expect(() =>
    openAwsAccess({ keysFile: file('large.json', ['x'.repeat(1 << 20)]), anonymous: false }, log),
  ).toThrow('longer than')
})

test('the key test/test is valid only if unsigned requests are admitted', () => {
  const keysFile = file('local.json', [
    { accessKeyId: 'test', secretAccessKey: 'test', streams: ['*'] },
    key('OTHER'),
  ])
  const warn = vi.spyOn(log, 'warn')
  const closed = openAwsAccess({ keysFile, anonymous: false }, log)
  expect([closed.value.client('test'), closed.value.anonymous]).toEqual([undefined, undefined])
  expect(warn).toHaveBeenCalledOnce()
  const open = openAwsAccess({ keysFile, anonymous: true }, log)
  expect(open.value.client('test')!.secret).toBe('test')
  expect(open.value.client('test')!.acceptsToken('any')).toBe(true)
  expect(open.value.client('OTHER')!.name).toBe('OTHER')
  expect(open.value.anonymous!.may('kinesis:PutRecord', arn('x'))).toBe(true)
  void closed.stop(0)
  void open.stop(0)
})

test('the environment names the file of keys and says whether unsigned requests are admitted', () => {
  expect(readConfig({ ALLOW_ANONYMOUS: 'true' }, awsAccessConfig)).toEqual({
    keysFile: undefined,
    anonymous: true,
  })
  expect(readConfig({ AWS_ACCESS_KEYS_FILE: '/keys' }, awsAccessConfig)).toEqual({
    keysFile: '/keys',
    anonymous: false,
  })
  expect(readConfig({}, awsAccessConfig)).toEqual({ keysFile: undefined, anonymous: false })
})

test('a changed file applies at once; a broken one changes nothing', async () => {
  const keysFile = file('rotation.json', [key('BEFORE')])
  const { value: access, stop } = openAwsAccess({ keysFile, anonymous: false }, log, 20)
  const error = vi.spyOn(log, 'error')
  // Changes count from Node's first look at the file, which comes a moment later.
  await sleep(100)
  writeFileSync(keysFile, '[{')
  await expect.poll(() => error.mock.calls.length, { timeout: 5000, interval: 50 }).toBe(1)
  expect(access.client('BEFORE')!.name).toBe('BEFORE')
  file('rotation.json', [key('AFTER')])
  await expect.poll(() => access.client('AFTER')?.name, { timeout: 5000, interval: 50 }).toBe('AFTER')
  expect(access.client('BEFORE')).toBeUndefined()
  void stop(0)
})
