/** The console over a real Kafka, registry and ingest-hub; the enricher, the indexer and the gateway are down. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@weir/config'
import { SERVICES } from '@weir/contracts/services.ts'
import { startHub } from '@weir/ingest-hub/testing/hub.ts'
import { headerOf, valueOf } from '@weir/kafka'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type ConsoleTest, DEAD, ORIGIN, openConsoleTest } from './testing/console.ts'

let kit: ConsoleTest
let hub: ServiceProcess
let service: ServiceProcess

beforeAll(async () => {
  kit = await openConsoleTest()
  const [brokers, registryUrl] = [kit.env.KAFKA_BROKERS.split(','), kit.env.REGISTRY_URL]
  hub = await startHub({ brokers, registryUrl })
  service = await kit.start({ HUB_URL: hub.url })
})
afterAll(async () => {
  await kit?.stop()
  hub?.kill('SIGTERM')
  await hub?.exited
})

const dataOf = async (): Promise<any> => ((await (await fetch(`${service.url}/snapshot`)).json()) as any).data
/** Waits until `look` accepts the snapshot; lists are read every five seconds. */
const eventually = (look: (data: any) => void) =>
  vi.waitFor(async () => look(await dataOf()), { timeout: 20_000, interval: 300 })
const send = (body: object, headers: Readonly<Record<string, string>> = {}, url = service.url) =>
  fetch(`${url}/dead-letters/redrive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const lettersOf = async (code: string): Promise<any[]> => {
  const query = new URLSearchParams({ topic: DEAD, flow: 'enricher.taxi', step: 'decode', code })
  const response = await fetch(`${service.url}/dead-letters?${query}`)
  expect(response.status).toBe(200)
  return ((await response.json()) as any).letters
}
const countOf = ({ letters }: any, code: string) =>
  letters.value?.counts.find((one: any) => one.code === code)

test('the console is ready while other services are down, and shows their states and remedies', async () => {
  await vi.waitFor(async () => expect((await fetch(`${service.url}/readyz`)).status).toBe(200), {
    timeout: 20_000,
  })
  expect((await fetch(service.url)).headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
  await eventually(({ health, functions, streams }) => {
    const states = health.value.map(({ name, state }: any) => `${name} ${state}`)
    const others = SERVICES.filter((name) => name !== 'console')
    expect(states).toEqual(others.map((name) => `${name} ${name === 'ingest-hub' ? 'ready' : 'down'}`))
    expect(health.value[2].remedy).toContain('npx weir up')
    expect(functions).toMatchObject({
      value: null,
      trouble: 'The enricher, which runs the functions, is down.',
    })
    expect(streams.trouble).toBeNull()
  })
})

test('streams are listed as in the Kinesis API, and topics with their record counts', async () => {
  const StreamName = `console-${randomUUID().slice(0, 8)}`
  const kinesis = (operation: string, body: object) =>
    fetch(hub.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Kinesis_20131202.${operation}`,
      },
      body: JSON.stringify(body),
    })
  expect((await kinesis('CreateStream', { StreamName, ShardCount: 2 })).status).toBe(200)
  onTestFinished(async () => void (await kinesis('DeleteStream', { StreamName })))
  await eventually(({ streams, topics }) => {
    expect(streams.value.rows).toContainEqual({
      name: StreamName,
      status: 'ACTIVE',
      shards: 2,
      retentionHours: 24,
      consumers: 0,
    })
    const rows = new Map<string, any>(topics.value.topics.map((row: any) => [row.name, row]))
    expect(rows.get(ORIGIN)).toMatchObject({ partitions: 12 })
    expect(rows.get(`stream.${StreamName}`)).toMatchObject({ partitions: 2, records: 0 })
  })
})

describe('dead letters', () => {
  test('are counted, shown decoded, and sent back once', async () => {
    const code = `shown-${randomUUID()}`
    await kit.bury([{ code }, { code, value: Buffer.from([1, 2, 3]) }, { code, truncated: true }], {
      trace: 'a',
    })
    await eventually((data) => expect(countOf(data, code)).toMatchObject({ letters: 3, redriven: 0 }))
    const letters = await lettersOf(code)
    expect(letters).toHaveLength(3)
    expect(letters.find(({ at }) => at.startsWith('0:'))).toMatchObject({
      redriven: false,
      origin: `${ORIGIN} 0:120045`,
      key: 'taxi-1',
      headers: expect.arrayContaining([['trace', 'a']]),
      value: expect.stringContaining('"deviceId": "taxi-0417"'),
      problem: null,
    })
    expect(letters.find(({ at }) => at.startsWith('1:'))).toMatchObject({ value: '0x010203' })

    const end = await kit.kafka.offsetAt(ORIGIN, 0, 'latest')
    const one = letters.find(({ at }) => at.startsWith('0:')).at
    expect((await send({ topic: DEAD, at: [one] })).status).toBe(202)
    await eventually((data) => {
      expect(data.redrives[0]).toMatchObject({ state: 'done', due: 1, sent: 1 })
      expect(countOf(data, code)).toMatchObject({ letters: 3, redriven: 1 })
    })
    const batch = await kit.kafka.fetch(ORIGIN, 0, end, 1 << 20)
    expect(valueOf(batch, 0)).toEqual(kit.report)
    expect(headerOf(batch, 0, 'weir-redriven')?.toString()).toBe(`${DEAD}/${one.replace(':', '/')}`)

    expect((await send({ topic: DEAD, flow: 'enricher.taxi', step: 'decode', code })).status).toBe(202)
    await eventually(({ redrives }) =>
      expect(redrives[0]).toMatchObject({ state: 'done', due: 2, sent: 1, left: { truncated: 1 } }),
    )
    expect((await lettersOf(code)).filter(({ redriven }) => redriven)).toHaveLength(2)
  })

  test('are counted and shown quickly, even ten thousand of them, one of a megabyte', async () => {
    const code = `many-${randomUUID()}`
    await kit.bury(Array.from({ length: 10_000 }, () => ({ code })))
    const large = 1_000_000
    await kit.bury([{ code, value: Buffer.alloc(large, '<') }])
    await eventually((data) => expect(countOf(data, code)).toMatchObject({ letters: 10_001 }))
    const before = performance.now()
    const letters = await lettersOf(code)
    expect(performance.now() - before).toBeLessThan(3000)
    expect(letters).toHaveLength(50)
    expect(letters[0]).toMatchObject({
      bytes: large,
      problem: `The value has ${large} bytes: this is its beginning.`,
    })
    expect(JSON.stringify(letters).length).toBeLessThan(256 << 10)
  }, 60_000)

  test('are not sent back by a request that selects none or is not JSON', async () => {
    expect((await send({ topic: DEAD })).status).toBe(400)
    expect((await send({ topic: DEAD, at: ['one'] })).status).toBe(400)
    expect((await send({ topic: ORIGIN, at: ['0:1'] })).status).toBe(404)
    const text = { 'content-type': 'text/plain' }
    expect((await send({ topic: DEAD, at: ['0:1'] }, text)).status).toBe(415)
    expect((await fetch(`${service.url}/dead-letters?topic=weir.stats`)).status).toBe(404)
  })

  test('are not sent back by a foreign page', async () => {
    const from = { origin: 'https://page.example' }
    expect((await send({ topic: DEAD, at: ['0:1'] }, from)).status).toBe(403)
  })
})

test('keys see the topics that they may read, and send back to the topics that they may write', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-console-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'keys.json')
  const key = (name: string, topics: string[], reads: string[]) => ({
    name,
    sha256: sha256(name).toString('hex'),
    topics,
    reads,
  })
  writeFileSync(
    file,
    JSON.stringify([
      key('operator', [ORIGIN, DEAD], ['weir.stats', DEAD]),
      key('looks', [], ['weir.stats', DEAD]),
      key('device', [ORIGIN], []),
    ]),
  )
  const { url } = await kit.start({ API_KEYS_FILE: file, ALLOW_ANONYMOUS: 'false' })
  const as = (name: string) => ({
    authorization: `Basic ${Buffer.from(`anybody:${name}`).toString('base64')}`,
  })
  const get = async (path: string, headers: Readonly<Record<string, string>>) => {
    const response = await fetch(url + path, { headers })
    await response.body?.cancel()
    return response.status
  }
  const statuses = async (headers: Readonly<Record<string, string>>) => [
    await get('/', headers),
    await get('/live', headers),
    await get(`/dead-letters?topic=${DEAD}`, headers),
    (await send({ topic: DEAD, at: ['0:999999'] }, headers, url)).status,
  ]
  expect(await statuses({})).toEqual([401, 401, 401, 401])
  expect(await statuses(as('device'))).toEqual([403, 403, 403, 403])
  expect(await statuses(as('looks'))).toEqual([200, 200, 200, 403])
  expect(await statuses(as('operator'))).toEqual([200, 200, 200, 202])
  // A browser adds a remembered key to the requests of other sites.
  const foreign = { ...as('operator'), origin: 'https://page.example' }
  expect((await send({ topic: DEAD, at: ['0:1'] }, foreign, url)).status).toBe(403)
})

test('requests to the APIs are signed if there is an access key, an endless answer is cut off, and a stop is clean', async () => {
  const seen: string[] = []
  const other = createServer((request, response) => {
    seen.push(String(request.headers.authorization))
    response.writeHead(200)
    const more = (): void => void (response.write('x'.repeat(1 << 20)) && setImmediate(more))
    response.on('drain', more)
    more()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    other.closeAllConnections()
    other.close()
  })
  await new Promise((resolve) => other.once('listening', resolve))
  const endless = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  const { url, kill, exited } = await kit.start({
    HUB_URL: endless,
    AWS_ACCESS_KEY_ID: 'console',
    AWS_SECRET_ACCESS_KEY: 'secret',
  })
  await vi.waitFor(
    async () => {
      const { data } = (await (await fetch(`${url}/snapshot`)).json()) as any
      expect(data.streams.trouble).toMatch(
        /^The ingest-hub, which has the streams, cannot be asked: its answer is longer/,
      )
      expect(data.health.value[1]).toMatchObject({ name: 'ingest-hub', state: 'down' })
    },
    { timeout: 20_000, interval: 300 },
  )
  expect(
    seen.some((header) => /^AWS4-HMAC-SHA256 Credential=console\/\d+\/us-east-1\/kinesis\//.test(header)),
  ).toBe(true)
  kill('SIGTERM')
  expect(await exited).toBe(0)
})
