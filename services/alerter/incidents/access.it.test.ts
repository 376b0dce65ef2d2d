/** Who sees and changes incidents where clients need keys. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { type Alerter, openReceiver } from '../testing/service.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-incidents-'))
let world: AlerterWorld
let service: Alerter

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex')

beforeAll(async () => {
  const file = join(folder, 'keys.json')
  const seen = ['weir.incidents', 'weir.notifications.attempts']
  writeFileSync(
    file,
    JSON.stringify([
      { name: 'watcher', sha256: sha256('key-of-the-watcher'), topics: [], reads: seen },
      { name: 'operator', sha256: sha256('key-of-the-operator'), topics: ['weir.incidents'], reads: seen },
      { name: 'stranger', sha256: sha256('key-of-the-stranger'), topics: ['taxi.*'] },
    ]),
  )
  world = await openAlerterWorld()
  service = await world.start({ ALLOW_ANONYMOUS: 'false', API_KEYS_FILE: file })
})
afterAll(async () => {
  await world?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const ask = async (name: string | undefined, path: string, init: RequestInit = {}): Promise<number> => {
  const headers = name === undefined ? {} : { authorization: `Bearer key-of-the-${name}` }
  return (await fetch(`${service.url}${path}`, { ...init, headers: { ...init.headers, ...headers } })).status
}

test('pages and lists need the right to read, changes the right to write, and links nothing', async () => {
  const topic = await world.topic('operations')
  const receiver = await openReceiver()
  await world.subscribe(topic, [receiver.url])
  const attribute = { name: 'weir.incident.key', type: 'String', text: 'disk', bytes: null }
  const [published] = await world.publisher.publish(
    [
      {
        topic,
        target: null,
        traceHeader: null,
        message: 'Full',
        subject: null,
        perProtocol: false,
        attributes: [attribute],
        groupId: null,
        deduplicationId: null,
      },
    ],
    'test',
  )
  expect(published).not.toBeInstanceOf(Error)
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1)
  const { incident, acknowledgeUrl } = JSON.parse(JSON.parse(receiver.received[0].body).Message)

  for (const path of ['/alerts/', '/v1/incidents', `/v1/incidents/${incident}`, '/v1/deliveries']) {
    expect([await ask(undefined, path), path]).toEqual([401, path])
    expect([await ask('stranger', path), path]).toEqual([403, path])
    expect([await ask('watcher', path), path]).toEqual([200, path])
  }
  const acknowledge = `/v1/incidents/${incident}/acknowledge`
  const post = { method: 'POST' }
  expect(await ask(undefined, acknowledge, post)).toBe(401)
  expect(await ask('watcher', acknowledge, post)).toBe(403)
  const foreign = { method: 'POST', headers: { origin: 'https://elsewhere.example' } }
  expect(await ask('operator', acknowledge, foreign)).toBe(403)
  const { pathname, search } = new URL(acknowledgeUrl)
  expect(await ask(undefined, pathname + search)).toBe(200)
  expect(await ask(undefined, pathname + search, post)).toBe(200)
  expect(await ask('operator', `/v1/incidents/${incident}/resolve`, post)).toBe(200)
  const response = await fetch(`${service.url}/v1/incidents/${incident}`, {
    headers: { 'x-api-key': 'key-of-the-watcher' },
  })
  expect(await response.json()).toMatchObject({ acknowledgedBy: 'a link', resolvedBy: 'operator' })
}, 60_000)
