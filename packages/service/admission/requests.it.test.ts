import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, expect, test } from 'vitest'
import { ALL_DEVICE_RIGHTS } from '../access/device-rights.ts'
import { type Access, Admission, identify, leaseOf, openHttp } from '../index.ts'

const fleet = { name: 'fleet', mayWrite: () => true, mayRead: () => true, ...ALL_DEVICE_RIGHTS }
const access: Access = { client: () => fleet, certified: () => undefined, version: 0 }
const admission = new Admission(16 << 20)
let work = Promise.withResolvers<void>()
const { value: server, stop } = await openHttp(
  { host: '127.0.0.1', port: 0, connections: 128 },
  {
    log: pino({ level: 'silent' }),
    ready: {},
    admission,
    routes: (app) => {
      app.get('/work', async (request) => {
        identify(access, request)
        leaseOf(request).cover(100_000)
        await work.promise
        leaseOf(request).cover(200_000)
        return 'x'.repeat(100_000)
      })
    },
  },
)
afterAll(() => stop(1000))

async function until(fits: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !fits(); i++) await sleep(50)
  expect(fits()).toBe(true)
}

test.each(['1.1', '2'])(
  'over HTTP/%s the memory of clients that leave is counted until their work ends',
  async (version) => {
    work = Promise.withResolvers()
    const clients = Array.from({ length: 20 }, () => {
      if (version === '2') {
        const session = connectHttp2(server.url).on('error', () => {})
        session.request({ ':path': '/work', 'x-api-key': 'k' }).on('error', () => {})
        return session
      }
      const socket = connect(server.port, '127.0.0.1').on('error', () => {})
      socket.write('GET /work HTTP/1.1\r\nhost: localhost\r\nx-api-key: k\r\n\r\n')
      return socket
    })
    await until(() => admission.usedBytes > 20 * 100_000)
    for (const client of clients) client.destroy()
    await sleep(300)
    expect(admission.usedBytes).toBeGreaterThan(20 * 100_000)
    work.resolve()
    await until(() => admission.usedBytes === 0)
  },
)

test('streams that are reset at once do not affect other clients and leave nothing behind', async () => {
  work = Promise.withResolvers()
  work.resolve()
  for (let round = 0; round < 20; round++) {
    const session = connectHttp2(server.url).on('error', () => {})
    await once(session, 'connect')
    for (let i = 0; i < 30; i++)
      session
        .request({ ':path': '/work', 'x-api-key': 'k' })
        .on('error', () => {})
        .close(8)
    await sleep(20)
    session.destroy()
  }
  await until(() => admission.usedBytes === 0)
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
})

test('open HTTP/2 requests of unknown clients are bounded like connections, and the oldest are closed', async () => {
  const sessions = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const session = connectHttp2(server.url, { settings: { initialWindowSize: 0 } }).on('error', () => {})
      await once(session, 'connect')
      // These answers cannot be sent.
      for (let i = 0; i < 100; i++) session.request({ ':path': '/nowhere' }).on('error', () => {})
      return session
    }),
  )
  await until(() => sessions.filter(({ closed, destroyed }) => closed || destroyed).length >= 3)
  expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  for (const session of sessions) session.destroy()
})
