/** Checks on a real Kafka that subscriptions are removed unless they are confirmed or restored in time. */
import { logger } from '@weir/service'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { removeExpired } from './expired-subscriptions.ts'

const HOUR_MS = 3_600_000
let world: AlerterWorld
beforeAll(async () => {
  world = await openAlerterWorld()
})
afterAll(() => world?.stop())

test('what was not confirmed or restored within two days is removed, and nothing else', async () => {
  const { notifications } = world
  const topic = await world.topic('expiring')
  const now = Date.now()
  const [late, soon] = [now - 49 * HOUR_MS, now - 47 * HOUR_MS]
  const cases = {
    'pending too long': { confirmed: false, createdAt: late },
    pending: { confirmed: false, createdAt: soon },
    'asked again': { confirmed: false, createdAt: late, tokenAt: soon },
    confirmed: { confirmed: true, createdAt: late },
    'ended too long ago': { confirmed: false, createdAt: late, endedAt: late },
    ended: { confirmed: false, createdAt: late, endedAt: soon },
  }
  const made = await world.subscribe(topic, Object.keys(cases))
  await notifications.change(() =>
    made.map((one, i) => ({
      kind: 'subscription',
      id: one.id,
      value: { ...one, ...Object.values(cases)[i] },
    })),
  )
  const endpoints = () =>
    [...notifications.subscriptions.values(), ...notifications.ended.values()].map(({ endpoint }) => endpoint)
  expect(endpoints()).toHaveLength(made.length)
  const { stop } = removeExpired(notifications, logger('test'), 20)
  await expect.poll(() => endpoints().length).toBe(4)
  expect(endpoints().sort()).toEqual(['asked again', 'confirmed', 'ended', 'pending'])
  await stop(1000)
})
