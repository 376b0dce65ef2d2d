/** A hub of a test file, with a connection to its brokers. Both end after the tests. */
import type { Kafka } from '@weir/kafka'
import { servers } from '@weir/testkit'
import { afterAll, expect } from 'vitest'
import { type Backends, type Hub, prepare, startHub } from './hub.ts'

/** @param cluster brokers of the test's own; the shared one if not given */
export async function openHubForTests(cluster?: readonly string[]): Promise<{
  readonly kafka: Kafka
  readonly hub: Hub
  readonly backends: Backends
}> {
  const [brokers, { url }] = await Promise.all([
    cluster ?? servers.kafka().then((kafka) => kafka.brokers),
    servers.registry(),
  ])
  const backends = { brokers, registryUrl: url }
  const { kafka, stop } = await prepare(backends)
  const hub = await startHub(backends)
  afterAll(async () => {
    hub.kill('SIGTERM')
    expect(await hub.exited).toBe(0)
    await stop()
  })
  return { kafka, hub, backends }
}
