import { applyTopics, registerContracts } from '@weir/catalogue'
import { readConfig } from '@weir/config'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers } from '@weir/testkit'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

let service: ServiceProcess

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const env = { KAFKA_BROKERS: brokers.join(','), REGISTRY_URL: registryUrl, ALLOW_ANONYMOUS: 'true' }
  const { value: kafka, stop } = await openKafka(readConfig({ ...process.env, ...env }, kafkaConfig))
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  await stop()
  service = await startService('alerter', env)
})

afterAll(() => service?.kill('SIGKILL'))

test('the service becomes ready and stops cleanly', async () => {
  await vi.waitFor(async () => expect((await fetch(`${service.url}/readyz`)).status).toBe(200), {
    timeout: 20_000,
    interval: 100,
  })
  service.kill('SIGTERM')
  expect(await service.exited).toBe(0)
})
