import { once } from 'node:events'
import { connect } from 'node:net'
import { sameHash, sha256 } from '@weir/config'
import { afterAll, expect, test, vi } from 'vitest'
import { HttpError, logger, openHttp, traceOf } from './index.ts'

vi.stubEnv('LOG_LEVEL', 'silent')
afterAll(() => {
  vi.unstubAllEnvs()
})
let well: boolean | string = true
const { value: server, stop } = await openHttp(
  { host: '127.0.0.1', port: 0 },
  {
    log: logger('test'),
    ready: { kafka: () => well, registry: () => true },
    routes: (app) => {
      app.get('/fails', async () => {
        throw new Error('password=hunter2')
      })
      app.get('/refuses', async () => {
        throw new HttpError(429, 'busy', 'Later.', { 'retry-after': '3' })
      })
      app.get('/library', async () => {
        throw Object.assign(new Error('hunter2'), { statusCode: 409 })
      })
      app.get('/trace', async (request) => traceOf(request))
      app.post('/body', async () => 'ok')
    },
  },
)
afterAll(() => stop(1000))

const ask = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${server.url}${path}`, init)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

test('readiness names each dependency', async () => {
  expect(JSON.parse((await ask('/readyz')).body)).toEqual({
    ready: true,
    stopping: false,
    dependencies: { kafka: 'ready', registry: 'ready' },
  })
  well = false
  const { status, body } = await ask('/readyz')
  expect([status, JSON.parse(body)]).toEqual([
    503,
    { ready: false, stopping: false, dependencies: { kafka: 'not ready', registry: 'ready' } },
  ])
  well = 'its disk is full: empty it'
  const { ready, dependencies } = JSON.parse((await ask('/readyz')).body)
  expect([ready, dependencies.kafka]).toEqual([false, 'not ready: its disk is full: empty it'])
  expect((await ask('/livez')).status).toBe(200)
})

test('the message of an internal error is not shown to the client', async () => {
  for (const path of ['/fails', '/library']) {
    const { body } = await ask(path)
    expect(body).not.toContain('hunter2')
    expect(JSON.parse(body).error.code).toBeTypeOf('string')
  }
  expect((await ask('/fails')).status).toBe(500)
  expect((await ask('/library')).status).toBe(409)
})

test('refusals carry their code, message and headers', async () => {
  const { status, headers, body } = await ask('/refuses')
  expect([status, headers.get('retry-after'), JSON.parse(body)]).toEqual([
    429,
    '3',
    { error: { code: 'busy', message: 'Later.' } },
  ])
  expect((await ask(`/${'x'.repeat(10_000)}`)).body.length).toBeLessThan(1200)
  expect((await ask(`/%${'x'.repeat(10_000)}`)).body.length).toBeLessThan(1200)
  expect((await ask('/nowhere?x=1')).body).toBe(
    '{"error":{"code":"not-found","message":"GET /nowhere is not served here."}}',
  )
})

test('bodies and headers are bounded', async () => {
  const body = JSON.stringify('x'.repeat(2 << 20))
  expect(
    (await ask('/body', { method: 'POST', body, headers: { 'content-type': 'application/json' } })).status,
  ).toBe(413)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1.1 431 /)
  socket.destroy()
})

test('a valid traceparent is continued, and a hostile one is ignored', async () => {
  const trace = async (traceparent: string) =>
    JSON.parse((await ask('/trace', { headers: { traceparent } })).body)
  expect((await trace('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')).traceId).toBe(
    '4bf92f3577b34da6a3ce929d0e0e4736',
  )
  expect((await trace('00-nonsense')).traceId).toMatch(/^[0-9a-f]{32}$/)
})

test('metrics count requests by route instead of address', async () => {
  await ask('/nowhere/else')
  const { headers, body } = await ask('/metrics')
  expect(headers.get('content-type')).toContain('text/plain')
  expect(body).toContain('weir_http_request_duration_seconds_count{method="GET",route="none",status="404"}')
  expect(body).not.toContain('nowhere')
  expect(body).toContain('process_cpu_seconds_total')
})

test('a taken port is reported in one sentence', async () => {
  await expect(
    openHttp({ host: '127.0.0.1', port: server.port }, { log: logger('test'), ready: {} }),
  ).rejects.toThrow(`port ${server.port} is taken`)
})

test('hashes are compared by content', () => {
  expect(sameHash(sha256('key'), sha256('key'))).toBe(true)
  expect(sameHash(sha256('key'), sha256('kez'))).toBe(false)
  expect(sameHash(sha256('key'), Buffer.alloc(3))).toBe(false)
})
