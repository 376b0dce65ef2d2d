import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from './testing/alerter.ts'

let world: AlerterWorld
beforeAll(async () => {
  world = await openAlerterWorld()
})
afterAll(() => world?.stop())

test('the service becomes ready and stops cleanly', async () => {
  const service = await world.start()
  service.kill('SIGTERM')
  expect(await service.exited).toBe(0)
})
