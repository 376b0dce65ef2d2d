/** Actions that leave Weir's own Kafka: URLs, retries, the error action, and what a dead process leaves behind. */
import {
  ConfirmTopicRuleDestinationCommand,
  CreateTopicRuleDestinationCommand,
  GetTopicRuleDestinationCommand,
  UpdateTopicRuleDestinationCommand,
} from '@aws-sdk/client-iot'
import { type HttpReceiver, type Received, startReceiver } from '@weir/testkit/http-receiver.ts'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { openWorld, roleArn } from './testing/rules.ts'

let world: Awaited<ReturnType<typeof openWorld>>
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.stop())

const isConfirmation = ({ headers }: Received): boolean =>
  headers['x-amz-rules-engine-message-type'] === 'DestinationConfirmation'

/** A receiver that has confirmed, and what it got besides. */
async function confirmed(
  answer: (received: Received) => number | Promise<number> = () => 200,
): Promise<HttpReceiver & { messages(): Received[] }> {
  const receiver = await startReceiver((one) => (isConfirmation(one) ? 200 : answer(one)))
  onTestFinished(() => receiver.stop())
  const { topicRuleDestination } = await world.iot.send(
    new CreateTopicRuleDestinationCommand({
      destinationConfiguration: { httpUrlConfiguration: { confirmationUrl: receiver.url } },
    }),
  )
  expect(topicRuleDestination).toMatchObject({ status: 'IN_PROGRESS' })
  await vi.waitFor(() => expect(receiver.received.some(isConfirmation)).toBe(true), 10_000)
  const { arn, enableUrl, confirmationToken } = JSON.parse(receiver.received.find(isConfirmation)!.body)
  expect(arn).toBe(topicRuleDestination!.arn)
  expect(new URL(enableUrl).pathname).toBe(`/confirmdestination/${confirmationToken}`)
  expect((await fetch(`${world.hub.url}${new URL(enableUrl).pathname}`)).status).toBe(200)
  await vi.waitFor(async () => {
    const shown = await world.iot.send(new GetTopicRuleDestinationCommand({ arn }))
    expect(shown.topicRuleDestination?.status).toBe('ENABLED')
  }, 10_000)
  return Object.assign(receiver, { messages: () => receiver.received.filter((one) => !isConfirmation(one)) })
}

const http = (receiver: HttpReceiver, path = '', more = {}) => ({
  http: { url: `${receiver.url}${path}`, confirmationUrl: receiver.url, ...more },
})

test('a confirmed URL gets messages with headers and a path of their own', async () => {
  const receiver = await confirmed()
  await world.rule("SELECT temperature FROM 'trucks/+'", [
    http(receiver, 'trucks/${topic(2)}', { headers: [{ key: 'x-fuel', value: '${fuel}' }] }),
  ])
  await vi.waitFor(async () => {
    await world.publish('trucks/17', { temperature: 112, fuel: 3 })
    expect(receiver.messages()).not.toEqual([])
  }, 20_000)
  expect(receiver.messages()[0]).toMatchObject({
    body: '{"temperature":112}',
    headers: { 'x-fuel': '3', 'content-type': 'application/json' },
  })
})

test('a URL that fails is tried again; one that hangs delays no other', async () => {
  let tries = 0
  const [failing, hanging, fine] = [
    await confirmed(() => (tries++ === 0 ? 503 : 200)),
    await confirmed(() => new Promise(() => {})),
    await confirmed(),
  ]
  await world.rule("SELECT * FROM 'three'", [http(hanging), http(failing), http(fine)])
  await vi.waitFor(async () => {
    await world.publish('three', { n: 0 })
    expect(fine.messages()).not.toEqual([])
  }, 20_000)
  const before = fine.messages().length
  for (let n = 0; n < 200; n += 20)
    await Promise.all(Array.from({ length: 20 }, (_, i) => world.publish('three', { n: n + i })))
  const started = Date.now()
  await vi.waitFor(() => expect(fine.messages().length).toBeGreaterThanOrEqual(before + 200), 10_000)
  expect(Date.now() - started).toBeLessThan(10_000)
  await vi.waitFor(() => expect(failing.messages().length).toBeGreaterThanOrEqual(before + 201), 15_000)
}, 90_000)

test('the error action gets one message about all actions that failed', async () => {
  const [refusing, errors] = [await confirmed(() => 400), await confirmed()]
  const name = await world.rule(
    "SELECT * FROM 'doomed/+'",
    [
      http(refusing),
      { kinesis: { roleArn, streamName: 'no-such-stream' } },
      { http: { url: 'http://127.0.0.1:1/unconfirmed' } },
    ],
    {
      errorAction: http(errors, 'errors', {
        headers: [{ key: 'x-topic', value: '${topic()} of ${ruleName}' }],
      }),
    },
  )
  await vi.waitFor(async () => {
    await world.publish('doomed/x', { a: 1 })
    expect(errors.messages()).not.toEqual([])
  }, 20_000)
  const [{ body, headers }] = errors.messages()
  expect(headers['x-topic']).toBe(`doomed/x of ${name}`)
  expect(JSON.parse(body)).toEqual({
    ruleName: name,
    topic: 'doomed/x',
    cloudwatchTraceId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    clientId: 'N/A',
    base64OriginalPayload: Buffer.from('{"a":1}').toString('base64'),
    failures: [
      {
        failedAction: 'KinesisAction',
        failedResource: 'no-such-stream',
        errorMessage: 'Stream no-such-stream does not exist.',
      },
      {
        failedAction: 'HttpAction',
        failedResource: new URL(refusing.url).origin,
        errorMessage: expect.stringContaining('status 400'),
      },
      {
        failedAction: 'HttpAction',
        failedResource: 'http://127.0.0.1:1',
        errorMessage: expect.stringContaining('no destination'),
      },
    ],
  })
  const sent = refusing.messages().length
  await vi.waitFor(() => expect(errors.messages()).toHaveLength(sent), 5000)
})

test('redirects are not followed, and private addresses are refused', async () => {
  const [redirecting, errors] = [await confirmed(() => 307), await confirmed()]
  redirecting.redirectTo = 'http://169.254.169.254/latest/meta-data/'
  await world.rule("SELECT * FROM 'redirected'", [http(redirecting)], { errorAction: http(errors) })
  await vi.waitFor(async () => {
    await world.publish('redirected', {})
    expect(errors.messages()).not.toEqual([])
  }, 20_000)
  expect(JSON.parse(errors.messages()[0].body).failures[0].errorMessage).toContain('status 307')
  const { topicRuleDestination } = await world.iot.send(
    new CreateTopicRuleDestinationCommand({
      destinationConfiguration: { httpUrlConfiguration: { confirmationUrl: 'http://169.254.169.254/' } },
    }),
  )
  await vi.waitFor(async () => {
    const { arn } = topicRuleDestination!
    const shown = await world.iot.send(new GetTopicRuleDestinationCommand({ arn }))
    expect(shown.topicRuleDestination).toMatchObject({
      status: 'ERROR',
      statusReason: expect.stringContaining('refused-address'),
    })
  }, 10_000)
})

test('a wrong token confirms nothing, and a destination that is disabled gets nothing', async () => {
  const receiver = await confirmed()
  const { arn } = JSON.parse(receiver.received[0].body)
  await expect(
    world.iot.send(new ConfirmTopicRuleDestinationCommand({ confirmationToken: 'a/b' })),
  ).rejects.toMatchObject({ name: 'InvalidRequestException' })
  await world.iot.send(new UpdateTopicRuleDestinationCommand({ arn, status: 'DISABLED' }))
  const errors = await confirmed()
  await world.rule("SELECT * FROM 'disabled'", [http(receiver)], { errorAction: http(errors) })
  await vi.waitFor(async () => {
    await world.publish('disabled', {})
    expect(errors.messages()[0]?.body).toContain('is DISABLED, not ENABLED')
  }, 20_000)
  expect(receiver.messages()).toEqual([])
})

test('an action happens although the process dies after it has acknowledged the message', async () => {
  let isDown = true
  const receiver = await confirmed(() => (isDown ? 503 : 200))
  await world.rule("SELECT * FROM 'killed'", [http(receiver)])
  await vi.waitFor(async () => {
    await world.publish('killed', { n: -1 })
    expect(receiver.messages()).not.toEqual([])
  }, 20_000)
  for (let n = 0; n < 50; n++) await world.publish('killed', { n })
  world.hub.kill('SIGKILL')
  await world.hub.exited
  isDown = false
  const before = receiver.messages().length
  await world.restart()
  await vi.waitFor(() => {
    const got = new Set(
      receiver
        .messages()
        .slice(before)
        .map(({ body }) => JSON.parse(body).n),
    )
    expect(Array.from({ length: 50 }, (_, n) => n).filter((n) => !got.has(n))).toEqual([])
  }, 60_000)
}, 120_000)
