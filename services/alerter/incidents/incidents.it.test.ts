/** Incidents and quiet hours with a real broker: told once, acknowledged, escalated, also over kill -9. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateTopicCommand,
  type MessageAttributeValue,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  type SNSClient,
} from '@aws-sdk/client-sns'
import type { HttpReceiver } from '@weir/testkit/http-receiver.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Topic } from '../notifications/entries.ts'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { type Alerter, openReceiver, region } from '../testing/service.ts'

let world: AlerterWorld
let service: Alerter
let sns: SNSClient

const start = async (more: Record<string, string> = {}): Promise<void> => {
  service = await world.start(more)
  sns = service.sns
}
const kill = async (): Promise<void> => {
  service.kill('SIGKILL')
  await service.exited
}

beforeAll(async () => {
  world = await openAlerterWorld()
  await start()
})
afterAll(() => world?.stop())

const arnOf = ({ name }: Pick<Topic, 'name'>): string => `arn:aws:sns:${region}:000000000000:${name}`

/** Creates a topic with a receiver. */
async function topicWith(
  name: string,
  attributes: Record<string, string> = {},
): Promise<[Topic, HttpReceiver]> {
  await sns.send(new CreateTopicCommand({ Name: name, Attributes: attributes }))
  await world.notifications.catchUp()
  const topic = world.notifications.topics.get(name)!
  const receiver = await openReceiver()
  await world.subscribe(topic, [receiver.url])
  return [topic, receiver]
}

async function alert(
  topic: Topic,
  key: string,
  more: Record<string, string> = {},
  text = 'The disk is full',
): Promise<void> {
  const values = Object.entries({ key, ...more })
  const MessageAttributes = Object.fromEntries(
    values.map(([name, StringValue]): [string, MessageAttributeValue] => [
      `weir.incident.${name}`,
      { DataType: 'String', StringValue },
    ]),
  )
  await sns.send(new PublishCommand({ TopicArn: arnOf(topic), Message: text, MessageAttributes }))
}

interface Told {
  readonly id: string
  readonly incident: string
  readonly event: string
  readonly acknowledgeUrl: string | null
  readonly [field: string]: unknown
}

const toldTo = ({ received }: HttpReceiver): Told[] =>
  received.map(({ body }) => {
    const { MessageId, Message } = JSON.parse(body)
    return { id: MessageId, ...JSON.parse(Message) }
  })
const eventsOf = (receiver: HttpReceiver): string[] => toldTo(receiver).map(({ event }) => event)

/** Links begin with the service's default address, at which it does not listen here. */
const linkIn = ({ acknowledgeUrl }: Told): string =>
  `${service.url}${acknowledgeUrl!.slice(new URL(acknowledgeUrl!).origin.length)}`

const get = async (path: string) => (await fetch(`${service.url}/v1/incidents${path}`)).json() as Promise<any>
const post = (path: string) => fetch(`${service.url}/v1/incidents/${path}`, { method: 'POST' })

test('repeated alerts are told once, an update and the end are told too, and the incident is listed', async () => {
  const [topic, receiver] = await topicWith('operations')
  for (let i = 0; i < 5; i++) await alert(topic, 'disk')
  await alert(topic, 'network')
  await alert(topic, 'disk', { status: 'update', severity: 'critical' }, 'Still full')
  await alert(topic, 'disk', { status: 'resolved' }, 'There is room again')
  await expect
    .poll(() => eventsOf(receiver).toSorted(), { timeout: 30_000 })
    .toEqual(['opened', 'opened', 'resolved', 'updated'])
  const { incidents } = await get('?topic=operations')
  expect(incidents).toMatchObject([
    {
      key: 'disk',
      status: 'resolved',
      severity: 'critical',
      alerts: 7,
      title: 'There is room again',
      resolvedBy: 'an alert',
    },
    { key: 'network', status: 'open', alerts: 1 },
  ])
  expect(JSON.stringify(incidents)).not.toContain('token')
  expect((await get('?status=unresolved&topic=operations&limit=1')).incidents).toHaveLength(1)
  expect((await post(`${incidents[1].id}/resolve`)).status).toBe(200)
  await expect.poll(() => eventsOf(receiver).length, { timeout: 20_000 }).toBe(5)
  expect((await get(`/${incidents[1].id}`)).resolvedBy).toBe('a local client')
}, 60_000)

test('the link in the message shows the incident, and its button acknowledges it', async () => {
  const [topic, receiver] = await topicWith('linked')
  await alert(topic, 'a', {}, '<script>alert(1)</script>')
  await expect.poll(() => toldTo(receiver).length, { timeout: 20_000 }).toBe(1)
  const [told] = toldTo(receiver)
  const [link, incident] = [linkIn(told), told.incident]
  const shown = await fetch(link)
  const html = await shown.text()
  expect(html).toContain('&lt;script&gt;')
  expect(html).toContain('<form method="post">')
  expect(shown.headers.get('content-security-policy')).toContain("form-action 'self'")
  expect((await get(`/${incident}`)).status).toBe('open')
  const wrong = link.replace(/token=./, (text) => (text.endsWith('A') ? 'token=B' : 'token=A'))
  for (const method of ['GET', 'POST']) expect((await fetch(wrong, { method })).status).toBe(404)
  const body = new URLSearchParams()
  const done = await (await fetch(link, { method: 'POST', body })).text()
  expect(done).toContain('Acknowledged by a link.')
  expect(await get(`/${incident}`)).toMatchObject({ status: 'acknowledged', acknowledgedBy: 'a link' })
  expect((await post(`${incident}/acknowledge`)).status).toBe(200)
  expect((await post('00000000-0000-4000-8000-000000000000/acknowledge')).status).toBe(404)
  expect((await post('x/acknowledge')).status).toBe(400)
  expect((await fetch(`${service.url}/v1/incidents?limit=100000`)).status).toBe(400)
})

test('wrong attributes of incidents and of topics are refused with a sentence', async () => {
  const [topic] = await topicWith('refused')
  await expect(alert(topic, 'two words')).rejects.toThrow('printable ASCII')
  await expect(alert(topic, 'a', { status: 'shut' })).rejects.toThrow('open, update, resolved')
  const set = (AttributeName: string, AttributeValue: string) =>
    sns.send(new SetTopicAttributesCommand({ TopicArn: arnOf(topic), AttributeName, AttributeValue }))
  await expect(set('WeirEscalation', '{}')).rejects.toThrow('steps is missing')
  await expect(set('WeirTemplates', '{"html":"{{ title | raw }}"}')).rejects.toThrow('raw')
})

const steps = (...topics: readonly Topic[]): string =>
  JSON.stringify({ steps: topics.map((topic) => ({ afterSeconds: 2, topicArn: arnOf(topic) })) })

test('escalations are neither lost nor doubled when the alerter is killed in the middle of them', async () => {
  const [managers, first] = await topicWith('managers')
  const [board, second] = await topicWith('board')
  const [topic, receiver] = await topicWith('escalated', { WeirEscalation: steps(managers, board, managers) })
  const keys = Array.from({ length: 30 }, (_, i) => `host-${i}`)
  for (const key of keys) await alert(topic, key)
  await expect.poll(() => new Set(toldTo(receiver).map(({ key }) => key)).size, { timeout: 30_000 }).toBe(30)
  const acknowledged = toldTo(receiver).find(({ key }) => key === 'host-0')!
  await fetch(linkIn(acknowledged), { method: 'POST', body: new URLSearchParams() })
  for (let i = 0; i < 3; i++) {
    await kill()
    await start({ HTTP_PORT: new URL(service.url).port })
    await sleep(700 * i)
  }
  const messages = (of: HttpReceiver) => new Map(toldTo(of).map(({ id, key }) => [id, key]))
  await expect.poll(() => messages(first).size, { timeout: 60_000, interval: 500 }).toBeGreaterThanOrEqual(58)
  await expect
    .poll(() => messages(second).size, { timeout: 60_000, interval: 500 })
    .toBeGreaterThanOrEqual(29)
  await sleep(3000)
  // Each escalation is one message, whatever was killed; host-0 may have been escalated before the click.
  const once = keys.slice(1)
  const count = (of: HttpReceiver, key: string) =>
    [...messages(of).values()].filter((one) => one === key).length
  expect(once.map((key) => [count(receiver, key), count(first, key), count(second, key)])).toEqual(
    once.map(() => [1, 2, 1]),
  )
  expect(count(first, 'host-0')).toBeLessThan(2)
  const { incidents } = await get('?topic=escalated&status=unresolved')
  expect(incidents.filter(({ escalatedTo }: any) => escalatedTo.length === 3)).toHaveLength(29)
  // The topic that it was escalated to is told that it is over.
  await alert(topic, 'host-1', { status: 'resolved' })
  await expect.poll(() => eventsOf(second).includes('resolved'), { timeout: 20_000 }).toBe(true)
}, 240_000)

test('what comes in quiet hours is one summary when they end, but for alerts that are excepted', async () => {
  const [topic] = await topicWith('nightly')
  const sleeper = await openReceiver()
  const [subscription] = await world.subscribe(topic, [sleeper.url])
  const clock = (at: number) => new Date(at).toISOString().slice(11, 16)
  // Not so near the end of a minute that the quiet hours end before the alerts.
  if (Date.now() % 60_000 > 50_000) await sleep(60_000 - (Date.now() % 60_000))
  const [from, to] = [clock(Date.now()), clock(Date.now() + 60_000)]
  const endsAt = Math.floor(Date.now() / 60_000 + 1) * 60_000
  await sns.send(
    new SetSubscriptionAttributesCommand({
      SubscriptionArn: `${arnOf(topic)}:${subscription.id}`,
      AttributeName: 'WeirQuietHours',
      AttributeValue: JSON.stringify({ from, to, timeZone: 'UTC', except: ['critical'] }),
    }),
  )
  await alert(topic, 'a', {}, 'First')
  await alert(topic, 'b', {}, 'Second')
  await alert(topic, 'c', { severity: 'critical' }, 'Fire')
  await expect.poll(() => sleeper.received.length, { timeout: 20_000 }).toBe(1)
  expect(toldTo(sleeper)[0]).toMatchObject({ title: 'Fire' })
  // A delivery whose outcome is not stored yet would be repeated.
  await sleep(500)
  await kill()
  await start({ HTTP_PORT: new URL(service.url).port })
  await expect.poll(() => sleeper.received.length, { timeout: 90_000, interval: 200 }).toBe(2)
  expect(sleeper.received[1].at).toBeGreaterThanOrEqual(endsAt)
  const { Subject, Message } = JSON.parse(sleeper.received[1].body)
  expect(Subject).toBe('2 notifications in quiet hours')
  expect(Message).toMatch(
    /^2 notifications of nightly came in your quiet hours:\n\n\S+ {2}First\n\S+ {2}Second$/,
  )
}, 180_000)
