import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { forServices } from '@weir/contracts/services.ts'
import { expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../settings.ts'
import { probeAll } from './probes.ts'

async function listen(): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

test('a server that does not answer in time is not ready, and one that cannot be reached is down', async () => {
  const [silent, gone] = [await listen(), await listen()]
  gone.close()
  onTestFinished(silent.close)
  process.env.KAFKA_BROKERS = `127.0.0.1:${silent.port}`
  onTestFinished(() => {
    delete process.env.KAFKA_BROKERS
  })
  const bad = 'http://127.0.0.1:10080'
  const [there, nowhere] = [`http://127.0.0.1:${silent.port}`, `http://127.0.0.1:${gone.port}`]
  const health = await probeAll({
    ...readSettings(),
    registry: there,
    redis: there.replace('http', 'redis'),
    search: nowhere,
    urls: forServices((name) => (name === 'ingest-hub' ? there : name === 'gateway' ? bad : nowhere)),
  })
  expect(Object.fromEntries(health.map(({ name, state, reason }) => [name, `${state}: ${reason}`]))).toEqual({
    kafka: 'not ready: no answer within 3 s',
    registry: 'not ready: no answer within 3 s',
    redis: 'not ready: no answer within 3 s',
    search: 'down: nothing listens there',
    ...forServices(() => 'down: nothing listens there'),
    'ingest-hub': 'not ready: no answer within 3 s',
    gateway: 'down: bad port',
  })
})

test('a service reports which partitions stand still, and why', async () => {
  const reason = 'its handler rejects (timeout)'
  const stalled = [0, 1, 2].map((partition) => ({
    group: 'enricher.taxi',
    topic: 'taxi',
    partition,
    offset: 40,
    reason,
  }))
  let body = { ready: false, stopping: false, dependencies: { redis: 'not ready' }, stalled }
  const server = createHttpServer((_request, response) => {
    response
      .writeHead(body.ready ? 200 : 503, { 'content-type': 'application/json' })
      .end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const redis = url.replace('http', 'redis')
  const urls = forServices(() => url)
  const enricher = async () => {
    const health = await probeAll({ ...readSettings(), registry: url, redis, search: url, urls })
    return health.find(({ name }) => name === 'enricher')
  }
  const [first, second] = [0, 1].map(
    (partition) => `enricher.taxi is stuck at taxi/${partition} 40: ${reason}`,
  )
  const told = { state: 'not ready', reason: `waits for redis; ${first}; ${second}` }
  expect(await enricher()).toMatchObject(told)
  body = { ...body, ready: true, dependencies: { redis: 'ready' } }
  expect(await enricher()).toMatchObject({ state: 'ready', reason: `${first}; ${second}` })
})
