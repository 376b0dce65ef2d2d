import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { logger, openHttp } from './index.ts'

process.env.LOG_LEVEL = 'silent'
const { value: server, stop } = await openHttp(
  { host: '127.0.0.1', port: 0 },
  {
    log: logger('test'),
    ready: {},
    routes: (app) => {
      app.post('/body', async () => 'ok')
    },
  },
)
afterAll(() => stop(1000))

test.each([
  ['headers', 'GET /livez HTTP/1.1\r\nhost: x\r\n', 10],
  [
    'a body',
    'POST /body HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    30,
  ],
])(
  'a client that never ends %s is answered 408 and disconnected',
  { concurrent: true },
  async (_, begin, seconds) => {
    const from = performance.now()
    const socket = connect(server.port, '127.0.0.1')
    socket.write(begin)
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 /)
    const took = (performance.now() - from) / 1000
    expect(took).toBeGreaterThan(seconds - 1)
    expect(took).toBeLessThan(seconds + 10)
  },
)
