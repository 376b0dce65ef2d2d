/** The right of an API key counts when records are accepted, not when their request began. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256 } from '@weir/config'
import { servers } from '@weir/testkit'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { batch, type Hub, prepare, report, startHub, TOPIC } from '../../testing/hub.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-lasting-rights-'))
const keysFile = join(folder, 'api-keys.json')
const allow = (...topics: readonly string[]): void =>
  writeFileSync(
    keysFile,
    JSON.stringify([{ name: 'fleet', sha256: sha256('only-for-tests').toString('hex'), topics }]),
  )
let hub: Hub

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const backends = { brokers, registryUrl }
  await (await prepare(backends)).stop()
  allow(TOPIC)
  hub = await startHub(backends, { ALLOW_ANONYMOUS: 'false', API_KEYS_FILE: keysFile })
})
afterAll(async () => {
  hub.kill('SIGTERM')
  await hub.exited
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  allow(TOPIC)
  await sleep(3000)
})

function begin(type: string): { sending: ClientRequest; answered: Promise<{ status: number; body: any }> } {
  const headers = { 'content-type': type, 'x-api-key': 'only-for-tests' }
  const sending = request(`${hub.url}/v1/topics/${TOPIC}/records`, { method: 'POST', headers })
  const answered = new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    sending.once('error', reject)
    sending.once('response', async (response) =>
      resolve({ status: response.statusCode!, body: JSON.parse(await text(response)) }),
    )
  })
  return { sending, answered }
}

const line = (): string => `${JSON.stringify({ value: report() })}\n`

test('lines that arrive after the key has lost its right are not sent', async () => {
  const { sending, answered } = begin('application/x-ndjson')
  sending.write(line())
  await sleep(500)
  allow('other')
  await sleep(3000)
  sending.end(line())
  const { status, body } = await answered
  expect([status, body.stored, body.errors]).toEqual([
    207,
    1,
    [expect.objectContaining({ index: 1, code: 'not-sent', retriable: false })],
  ])
})

test('a batch that ends after the key has lost its right is refused', async () => {
  const { sending, answered } = begin('application/json')
  const body = batch([{ value: report() }])
  sending.write(body.slice(0, 20))
  await sleep(500)
  allow('other')
  await sleep(3000)
  sending.end(body.slice(20))
  expect(await answered).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } })
})
