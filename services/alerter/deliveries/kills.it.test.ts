/** kill -9 of the alerter in the middle of its deliveries. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startReceiver } from '@weir/testkit/http-receiver.ts'
import { startService } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'

let world: AlerterWorld
beforeAll(async () => {
  world = await openAlerterWorld()
})
afterAll(() => world?.stop())

const KILLS = 5
const MESSAGES = 600
/** Attempts that one receiver gets at a time. */
const UNDER_WAY = 64

/** Returns by delivery how often the topic of attempts says that it was delivered. */
async function recorded(): Promise<Map<string, number>> {
  const topic = 'weir.notifications.attempts'
  const found = new Map<string, number>()
  const reader = await world.codec.reader(topic)
  const reading = await world.kafka.read(
    { topics: [topic], from: 'earliest', until: 'end' },
    async (batch) => {
      await reader.prepare(batch)
      for (let i = 0; i < batch.length; i++) {
        const value = reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])
        const delivery = `${value.subscription} ${value.messageId}`
        if (value.outcome === 'delivered') found.set(delivery, (found.get(delivery) ?? 0) + 1)
      }
    },
  )
  await reading.done
  return found
}

test('nothing is lost when the alerter is killed again and again, and little is repeated', async () => {
  const topic = await world.topic('killed')
  const failedOnce = new Set<string>()
  const receivers = {
    quick: await startReceiver(),
    slow: await startReceiver(async () => {
      await sleep(300)
      return 200
    }),
    // The first attempt of every tenth message fails.
    failing: await startReceiver(({ body }) => {
      const { MessageId, Message } = JSON.parse(body)
      if (Number(Message) % 10 > 0 || failedOnce.has(MessageId)) return 200
      failedOnce.add(MessageId)
      return 503
    }),
  }
  for (const one of Object.values(receivers)) onTestFinished(() => one.stop())
  await world.subscribe(
    topic,
    Object.values(receivers).map(({ url }) => url),
  )
  let service = await startService('alerter', world.env)
  const published = new Set<string>()
  const publishing = (async () => {
    for (let i = 0; i < MESSAGES; i += 10) {
      const texts = Array.from({ length: 10 }, (_, j) => String(i + j))
      for (const id of await world.publish(topic, texts)) published.add(id)
      await sleep(150)
    }
  })()
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(2500)
    service.kill('SIGKILL')
    await service.exited
    service = await startService('alerter', world.env)
  }
  onTestFinished(() => service.kill('SIGKILL'))
  await publishing

  const repeated: Record<string, number> = {}
  for (const [name, { received }] of Object.entries(receivers)) {
    const ids = (): string[] => received.map(({ body }) => JSON.parse(body).MessageId)
    await expect
      .poll(() => published.difference(new Set(ids())).size, { timeout: 90_000, interval: 500 })
      .toBe(0)
    const expected = MESSAGES + (name === 'failing' ? failedOnce.size : 0)
    await expect
      .poll(() => received.length, { timeout: 90_000, interval: 500 })
      .toBeGreaterThanOrEqual(expected)
    await sleep(1000)
    repeated[name] = received.length - expected
  }
  // Only deliveries are repeated whose answers were not recorded.
  let deliveries = new Map<string, number>()
  await expect
    .poll(async () => (deliveries = await recorded()).size, { timeout: 60_000, interval: 1000 })
    .toBe(MESSAGES * 3)
  expect([...deliveries.values()].filter((count) => count > 1)).toEqual([])
  for (const name of Object.keys(receivers))
    expect(repeated[name], name).toBeLessThanOrEqual(KILLS * UNDER_WAY)
  expect(failedOnce.size).toBe(MESSAGES / 10)
}, 300_000)
