import { type AddressInfo, connect } from 'node:net'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { Live } from './live.ts'

/**
 * More than the two sockets of a connection buffer, so that a viewer that does not read is noticed at once.
 */
const LARGE = Buffer.from(JSON.stringify('x'.repeat(16 << 20)))

const ANYBODY = { name: undefined, mayRead: () => true, mayWrite: () => false }

test('a viewer that reads nothing is disconnected, while others continue', async () => {
  const app = fastify()
  const live = new Live(async () => LARGE, 10)
  app.get('/live', (request, reply) => live.admit(request, reply, () => ANYBODY))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  const stuck = connect({ host: '127.0.0.1', port })
  stuck.on('error', () => {})
  stuck.write('GET /live HTTP/1.1\r\nhost: x\r\n\r\n')
  const reading = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/live`, { signal: reading.signal })
  let received = 0
  const taking = (async () => {
    for await (const chunk of response.body!) received += chunk.length
  })().catch(() => {})

  await expect.poll(() => live.viewers, { timeout: 5000 }).toBe(2)
  const before = process.memoryUsage().arrayBuffers
  await expect.poll(() => live.viewers, { timeout: 12_000, interval: 200 }).toBe(1)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * LARGE.length)
  expect(received).toBeGreaterThan(3 * LARGE.length)

  reading.abort()
  await taking
  await expect.poll(() => live.viewers, { timeout: 5000 }).toBe(0)
  live.end()
  stuck.destroy()
  await app.close()
})
