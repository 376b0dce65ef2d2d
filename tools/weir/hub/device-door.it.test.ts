import { randomUUID } from 'node:crypto'
import { sampleOf } from '@weir/contracts'
import { prepare, startHub } from '@weir/ingest-hub/testing/hub.ts'
import { topics } from '@weir/solutions'
import { freePorts } from '@weir/stack/ports.ts'
import { servers } from '@weir/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { DeviceDoor, type Report } from './device-door.ts'

const sample = sampleOf(topics, 'fleet.readings')

const report = (value: object): Report => ({
  topic: 'fleet/truck-1/readings',
  id: randomUUID(),
  payload: JSON.stringify(value),
})

test('reports wait for a hub that is away, and those that it refuses are told', async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const { kafka, stop } = await prepare({ brokers, registryUrl })
  onTestFinished(stop)
  const [port] = await freePorts(1)
  const ending = new AbortController()
  const retries: string[] = []
  const door = new DeviceDoor({
    url: `http://127.0.0.1:${port}`,
    apiKey: undefined,
    signal: ending.signal,
    onRetry: (reason) => retries.push(reason),
  })
  onTestFinished(() => ending.abort())
  const good = { ...sample, eventTime: Date.now() }
  const delivered = door.deliver([report(good), report({ ...good, speed: 'fast' }), report(good)])
  await expect.poll(() => retries.length).toBeGreaterThan(0)
  const before = (await kafka.admin.offsets('fleet.readings')).reduce((sum, { latest }) => sum + latest, 0)

  const hub = await startHub({ brokers, registryUrl }, { HTTP_PORT: String(port) })
  onTestFinished(async () => {
    hub.kill('SIGTERM')
    await hub.exited
  })
  const { stored, refused } = await delivered
  expect(stored).toBe(2)
  expect(refused).toMatchObject([
    { index: 1, code: '0x99', message: expect.stringContaining('Payload format invalid') },
  ])
  const after = (await kafka.admin.offsets('fleet.readings')).reduce((sum, { latest }) => sum + latest, 0)
  expect(after - before).toBeGreaterThanOrEqual(2)
  door.close()
}, 90_000)
