import { createVerify, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { type Alerter, openReceiver } from '../testing/service.ts'

let world: AlerterWorld
let service: Alerter
beforeAll(async () => {
  world = await openAlerterWorld()
  service = await world.start()
})
afterAll(() => world?.stop())

test('each subscription gets each message once, with a signature that its certificate confirms', async () => {
  const topic = await world.topic('orders')
  const receivers = [await openReceiver(), await openReceiver()]
  await world.subscribe(
    topic,
    receivers.map(({ url }) => url),
  )
  const ids = await world.publish(topic, ['first', 'second'])
  for (const { received } of receivers) {
    await expect.poll(() => received.length, { timeout: 20_000 }).toBe(2)
    const bodies = received.map(({ body }) => JSON.parse(body))
    expect(bodies.map(({ MessageId }) => MessageId).sort()).toEqual([...ids].sort())
    const [body] = bodies
    const certificate = await fetch(`${service.url}${new URL(body.SigningCertURL).pathname}`)
    const signed = ['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'].map(
      (name) => `${name}\n${body[name]}\n`,
    )
    const verify = createVerify('RSA-SHA1').update(signed.join(''))
    expect(
      verify.verify(new X509Certificate(await certificate.text()).publicKey, body.Signature, 'base64'),
    ).toBe(true)
  }
})

test('a receiver that fails gets the message again by its policy', async () => {
  const topic = await world.topic('retries')
  let failures = 1
  const failing = await openReceiver(() => (failures-- > 0 ? 503 : 200))
  await world.subscribe(topic, [failing.url], {
    DeliveryPolicy: JSON.stringify({
      healthyRetryPolicy: { numRetries: 3, minDelayTarget: 1, maxDelayTarget: 1 },
    }),
  })
  await world.publish(topic, ['again'])
  await expect.poll(() => failing.received.length, { timeout: 60_000 }).toBe(2)
  const [first, second] = failing.received.map(({ at }) => at)
  expect(Math.abs(second - first - 1000)).toBeLessThan(300)
}, 90_000)

test('a redirect is a refusal: following it could turn the message into a request without it', async () => {
  const topic = await world.topic('redirected')
  const [target, redirecting, other] = [
    await openReceiver(),
    await openReceiver(() => 302),
    await openReceiver(),
  ]
  redirecting.redirectTo = target.url
  await world.subscribe(topic, [redirecting.url, other.url])
  await world.publish(topic, ['moved'])
  await expect.poll(() => other.received.length, { timeout: 20_000 }).toBe(1)
  await expect.poll(() => redirecting.received.length, { timeout: 20_000 }).toBe(1)
  expect(target.received).toEqual([])
})

test('a stored filter policy that cannot be read keeps the message from its own subscription only', async () => {
  const topic = await world.topic('unreadable')
  const [bad, good] = [await openReceiver(), await openReceiver()]
  await world.subscribe(topic, [bad.url], { FilterPolicy: '{"a":["unfinished' })
  await world.subscribe(topic, [good.url])
  await world.publish(topic, ['first'])
  await expect.poll(() => good.received.length, { timeout: 20_000 }).toBe(1)
  expect(bad.received).toEqual([])
})
