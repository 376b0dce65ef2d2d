import { ConfigReader } from '@weir/config'
import { expect, test } from 'vitest'
import { egressConfig } from './config.ts'
import { openEgress } from './egress.ts'
import { DEFAULT_LIMITS } from './pool.ts'
import { receiveRaw } from './testing/receivers.ts'

test('stopping rejects the requests that are under way, that wait, and that come later', async () => {
  const receiver = await receiveRaw(() => {})
  const config = egressConfig(new ConfigReader({ EGRESS_ALLOW: '127.0.0.1' }))
  const { value, stop } = openEgress(config, { limits: { ...DEFAULT_LIMITS, maxConnectionsPerOrigin: 1 } })
  const send = () =>
    value.request({
      url: `http://127.0.0.1:${receiver.port}/`,
      method: 'GET',
      timeoutMs: 5000,
      maxResponseBytes: 1,
    })
  const requests = [send(), send()].map((request) => request.catch((error) => error))
  await expect.poll(() => receiver.sockets.length).toBe(1)
  await stop(0)
  for (const request of requests) expect(await request).toMatchObject({ code: 'stopped', retriable: true })
  await expect(send()).rejects.toMatchObject({ code: 'stopped' })
  await expect.poll(() => receiver.sockets[0]!.destroyed).toBe(true)
  expect(receiver.sockets).toHaveLength(1)
})
