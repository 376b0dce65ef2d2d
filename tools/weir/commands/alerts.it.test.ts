/** `weir alerts` against a real alerter. */
import { type AlerterWorld, openAlerterWorld } from '@weir/alerter/testing/alerter.ts'
import type { Alerter } from '@weir/alerter/testing/service.ts'
import { startReceiver } from '@weir/testkit/http-receiver.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { alerts } from './alerts.ts'

let world: AlerterWorld
let service: Alerter
const printed = captureOutput()

beforeAll(async () => {
  world = await openAlerterWorld()
  service = await world.start()
  vi.stubEnv('ALERTER_URL', service.url)
})
afterAll(async () => {
  service?.kill('SIGKILL')
  await world?.stop()
})

const json = async (...args: readonly string[]) => {
  printed.out = ''
  expect(await alerts.run([...args, '--json']), printed.said).toBe(0)
  return JSON.parse(printed.out)
}

test('a topic is created, subscribed and published to, and its deliveries and incidents are shown', async () => {
  expect(await alerts.run(['topics'])).toBe(0)
  expect(printed.out).toContain('There are no topics yet')
  expect(await json('topics', 'operations', '--create')).toEqual([])
  const receiver = await startReceiver(({ body }) => (JSON.parse(body).Type === 'Notification' ? 503 : 200))
  // Half a day from now, so that nothing is held back.
  const hour = new Date(Date.now() + 43_200_000).toISOString().slice(11, 13)
  const quiet = JSON.stringify({ from: `${hour}:00`, to: `${hour}:01`, timeZone: 'UTC' })
  const { subscription } = await json(
    'subscribe',
    'operations',
    receiver.url,
    '--filter',
    '{"team":["ops"]}',
    '--quiet-hours',
    quiet,
  )
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1)
  expect((await json('topics'))[0]).toMatchObject({ subscriptions: 0, pending: 1 })
  const { Token, TopicArn } = JSON.parse(receiver.received[0].body)
  await fetch(`${service.url}/?Action=ConfirmSubscription&TopicArn=${TopicArn}&Token=${Token}`)
  expect((await json('topics', 'operations'))[0]).toMatchObject({ arn: subscription, protocol: 'http' })

  const { messageId } = await json(
    'publish',
    'operations',
    'The disk is full',
    '--key',
    'disk',
    '--severity',
    'critical',
    '--attribute',
    'team=ops',
  )
  await expect.poll(async () => (await json('deliveries', '--failed')).length, { timeout: 20_000 }).toBe(1)
  const [delivery] = await json('deliveries', '--topic', 'operations', '--subscription', subscription)
  expect(delivery).toMatchObject({ messageId, outcome: 'failed', status: '503', attempts: 1 })
  printed.out = ''
  expect(await alerts.run(['deliveries'])).toBe(0)
  expect(printed.out).toMatch(/operations +failed +1 .*503/)

  const [incident] = await json('incidents', '--topic', 'operations')
  expect(incident).toMatchObject({ key: 'disk', status: 'open', severity: 'critical' })
  printed.out = ''
  expect(await alerts.run(['incidents', 'acknowledge', incident.id])).toBe(0)
  expect(await alerts.run(['incidents', 'resolve', incident.id])).toBe(0)
  expect(printed.out).toBe('disk in operations is acknowledged.\ndisk in operations is resolved.\n')
  expect(await json('incidents')).toEqual([])
  expect((await json('incidents', '--all'))[0]).toMatchObject({ resolvedBy: 'a local client' })
  await receiver.stop()
}, 60_000)

test('what the alerter refuses ends the command with its sentence', async () => {
  expect(await alerts.run(['publish', 'missing', 'x'])).toBe(1)
  expect(printed.said).toContain('The alerter answered 404: Topic does not exist')
  expect(await alerts.run(['publish', 'operations', 'x', '--key', 'two words'])).toBe(1)
  expect(printed.said).toContain('printable ASCII')
  expect(await alerts.run(['incidents', 'resolve', '00000000-0000-4000-8000-000000000000'])).toBe(1)
  expect(printed.said).toContain('There is no such incident')
})
