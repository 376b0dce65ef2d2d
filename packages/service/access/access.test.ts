import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, sha256 } from '@weir/config'
import type { FastifyRequest } from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { logger } from '../logger.ts'
import { clientOf, mayRead, openAccess } from './access.ts'
import { parseKeys } from './keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-access-'))
afterAll(() => rmSync(folder, { recursive: true }))
const log = logger('test')
log.level = 'silent'

const key = (name: string, secret: string, topics: string[]) => ({
  name,
  sha256: sha256(secret).toString('hex'),
  topics,
})
function file(name: string, keys: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(keys))
  return join(folder, name)
}

test('a key may write to its topics and to no others', () => {
  const { value: access, stop } = openAccess(
    {
      keysFile: file('rights.json', [key('fleet', 's1', ['taxi.*']), key('one', 's2', ['taxi.telemetry'])]),
      anonymous: false,
    },
    log,
  )
  const rights = (secret: string) =>
    ['taxi.telemetry', 'taxi.telemetry.late', 'weir.stats'].map((topic) =>
      access.client(secret)!.mayWrite(topic),
    )
  expect(access.client('s1')!.name).toBe('fleet')
  expect(rights('s1')).toEqual([true, true, false])
  expect(rights('s2')).toEqual([true, false, false])
  expect(access.client('s3')).toBeUndefined()
  expect(access.client('')).toBeUndefined()
  expect(access.client(undefined)).toBeUndefined()
  void stop(0)
})

test('a key may read its topics, or the ones that it names in `reads`', () => {
  const keys = [
    key('fleet', 's1', ['taxi.*']),
    { ...key('screen', 's2', []), reads: ['location.*'] },
    { ...key('device', 's3', ['taxi.telemetry']), reads: [] },
  ]
  const { value: access, stop } = openAccess({ keysFile: file('reads.json', keys), anonymous: false }, log)
  const topics = ['taxi.telemetry', 'taxi.enriched', 'location.offers']
  const reads = (secret: string) => topics.map((topic) => access.client(secret)!.mayRead(topic))
  expect(reads('s1')).toEqual([true, true, false])
  expect(reads('s2')).toEqual([false, false, true])
  expect(reads('s3')).toEqual([false, false, false])
  const device = access.client('s3')!
  expect(() => mayRead(device, 'taxi.telemetry')).toThrow('The API key device may not read taxi.telemetry.')
  expect(access.client('s2')!.mayWrite('location.offers')).toBe(false)
  void stop(0)
})

test('without a file every client is admitted if the setting says so, but not with a wrong key', () => {
  const { value: access } = openAccess({ keysFile: undefined, anonymous: true }, log)
  expect(access.client(undefined)!.mayWrite('taxi.telemetry')).toBe(true)
  expect(access.client('guess')).toBeUndefined()
})

test('a changed file applies at once; a broken one changes nothing', async () => {
  const keysFile = file('rotation.json', [key('old', 'before', ['*'])])
  const { value: access, stop } = openAccess({ keysFile, anonymous: false }, log, 100)
  writeFileSync(keysFile, '[{"name":')
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(access.client('before')!.name).toBe('old')
  file('rotation.json', [key('new', 'after', ['*'])])
  await expect.poll(() => access.client('after')?.name, { timeout: 5000, interval: 50 }).toBe('new')
  expect(access.client('before')).toBeUndefined()
  void stop(0)
}, 15_000)

test('the rights of a client are read again during a long request, and end with its key', async () => {
  const keysFile = file('standing.json', [key('fleet', 's1', ['taxi.*']), key('other', 's2', ['*'])])
  const { value: access, stop } = openAccess({ keysFile, anonymous: true }, log, 100)
  const client = clientOf(access, { headers: { authorization: 'Bearer s1' } } as FastifyRequest)
  expect(client()!.mayWrite('taxi.telemetry')).toBe(true)
  file('standing.json', [key('fleet', 's1', []), key('other', 's2', ['*'])])
  await expect.poll(() => client()!.mayWrite('taxi.telemetry'), { timeout: 5000, interval: 50 }).toBe(false)
  file('standing.json', [key('other', 's2', ['*'])])
  await expect.poll(client, { timeout: 5000, interval: 50 }).toBeUndefined()
  void stop(0)
}, 15_000)

test('a wrong file is refused at the start with every problem, without the hashes', () => {
  expect(() => openAccess({ keysFile: join(folder, 'missing.json'), anonymous: false }, log)).toThrow(
    ConfigError,
  )
  expect(parseKeys('{}').problems).toEqual(['The file of API keys must hold a list.'])
  const { keys, problems } = parseKeys(
    JSON.stringify([key('a', 'a', ['*']), { name: 'with space', sha256: 'c0ffee', topics: 'taxi' }, null]),
  )
  expect(keys.map(({ name }) => name)).toEqual(['a'])
  expect(problems).toHaveLength(6)
  const slips = [
    { ...key('a', 'a', ['*']), reads: 'taxi' },
    { ...key('b', 'b', []), read: ['*'] },
  ]
  expect(parseKeys(JSON.stringify(slips)).problems).toEqual([
    'API key 0 needs reads in the same form as topics: a list of names, or of prefixes that end with *; or no reads at all.',
    'API key 1 has a field "read", which is not known.',
  ])
  expect(problems.join()).not.toContain('c0ffee')
})
