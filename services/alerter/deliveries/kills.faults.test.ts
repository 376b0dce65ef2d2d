/** Ten kills -9 in the middle of schedules: of the alerter each time, and of Kafka in some of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpReceiver } from '@weir/testkit/http-receiver.ts'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { openReceiver } from '../testing/service.ts'

const KILLS = 10
/** The rounds in which Kafka dies as well. */
const KAFKA_ROUNDS = new Set([2, 5, 8])
const ROUND_MS = 6000
/** Two retries at once, then one a second. */
const DeliveryPolicy = JSON.stringify({
  healthyRetryPolicy: {
    numRetries: 100,
    numNoDelayRetries: 1,
    minDelayTarget: 1,
    maxDelayTarget: 4,
    backoffFunction: 'linear',
  },
})

let world: AlerterWorld
let service: ServiceProcess
beforeAll(async () => {
  world = await openAlerterWorld()
})
afterAll(async () => {
  service?.kill('SIGKILL')
  await world?.stop()
})

/** Returns a receiver that refuses each message a number of times before it takes it. */
const refusing = (times: number): Promise<HttpReceiver> => {
  const refused = new Map<string, number>()
  return openReceiver(({ body }) => {
    const { MessageId } = JSON.parse(body)
    const before = refused.get(MessageId) ?? 0
    if (before >= times) return 200
    refused.set(MessageId, before + 1)
    return 503
  })
}

test('nothing is lost in ten kills of the alerter and three of Kafka; what is repeated was under way', async () => {
  const topic = await world.topic('killed')
  const receivers = { quick: await openReceiver(), once: await refusing(1), thrice: await refusing(3) }
  await world.subscribe(
    topic,
    Object.values(receivers).map(({ url }) => url),
    { DeliveryPolicy },
  )
  service = await startService('alerter', world.env)
  const acknowledged = new Set<string>()
  let publishing = true
  const published = (async () => {
    for (let i = 0; publishing; i++) {
      // A message that is not acknowledged may have been stored or not, so it is not counted.
      const ids = await world.publish(topic, [String(i), String(-i)]).catch(() => [])
      for (const id of ids) acknowledged.add(id)
      await sleep(50)
    }
  })()
  for (let round = 0; round < KILLS; round++) {
    await sleep(ROUND_MS * (0.5 + Math.random() / 2))
    service.kill('SIGKILL')
    await service.exited
    if (KAFKA_ROUNDS.has(round)) {
      await world.cluster.kill(0)
      await world.cluster.restart(0)
    }
    service = await startService('alerter', world.env)
  }
  publishing = false
  await published

  const figures: Record<string, object> = {}
  for (const [name, { received }] of Object.entries(receivers)) {
    const refusals = { quick: 0, once: 1, thrice: 3 }[name]!
    const counts = (): Map<string, number> => {
      const found = new Map<string, number>()
      for (const { body } of received) {
        const { MessageId } = JSON.parse(body)
        found.set(MessageId, (found.get(MessageId) ?? 0) + 1)
      }
      return found
    }
    const missing = (): number => {
      const found = counts()
      return [...acknowledged].filter((id) => (found.get(id) ?? 0) <= refusals).length
    }
    await expect.poll(missing, { timeout: 240_000, interval: 1000 }).toBe(0)
    const doubled = [...counts().values()].reduce((sum, count) => sum + Math.max(0, count - refusals - 1), 0)
    figures[name] = { acknowledged: acknowledged.size, doubled }
    expect(doubled).toBeLessThan(KILLS * 64)
  }
  console.info(figures)
}, 900_000)
