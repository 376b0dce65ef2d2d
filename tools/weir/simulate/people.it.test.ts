/** People subscribe in a real inbox to notifications of a real alerter. */
import { type AlerterWorld, openAlerterWorld } from '@weir/alerter/testing/alerter.ts'
import type { Alerter } from '@weir/alerter/testing/service.ts'
import type { Solution } from '@weir/solutions'
import { solution as fleet } from '@weir/solutions/fleet-anomalies/solution.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { inbox } from '../../inbox/inbox.ts'
import type { Message } from '../../inbox/messages.ts'
import { type AlertsApi, openAlertsApi } from '../commands/alerts-api.ts'
import { readSigning } from '../commands/functions-api.ts'
import { subscribePeople } from './people.ts'

let world: AlerterWorld
let service: Alerter
let running: Awaited<ReturnType<ReturnType<typeof inbox>['open']>>
let alerts: AlertsApi
let url: string
const said: string[] = []

beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  world = await openAlerterWorld()
  const [port, smtpPort, alerterPort] = await freePorts(3)
  const alerterUrl = `http://127.0.0.1:${alerterPort}`
  running = await inbox({ port, smtpPort, alerterUrl }).open()
  url = running.values.http.url
  service = await world.start({
    HTTP_PORT: String(alerterPort),
    ALERTER_URL: alerterUrl,
    ALERTER_SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    ALERTER_MAIL_FROM: 'weir@inbox.localhost',
  })
  alerts = await openAlertsApi({ url: service.url, apiKey: undefined, signing: readSigning({}) })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await running?.stop()
  await world?.stop()
})

const subscribe = (solution: Solution, getsMail = true): Promise<void> =>
  subscribePeople(solution, {
    inbox: { url, getsMail, alerterUrl: service.url, alerts: async () => alerts },
    signal: new AbortController().signal,
    log: (sentence) => said.push(sentence),
  })
const messages = async (): Promise<Message[]> =>
  ((await (await fetch(`${url}/messages`)).json()) as { messages: Message[] }).messages
const publish = (topic: string, message: string, attributes: Record<string, string>): Promise<string> =>
  alerts.publish(topic, message, { subject: message, group: undefined, attributes })
const confirmed = async (topic: string): Promise<string[]> =>
  (await alerts.subscriptions(topic))
    .filter(({ arn }) => arn !== 'PendingConfirmation')
    .map(({ endpoint }) => endpoint)

test('the drivers, the team and the desk of the fleet get what is for them', async () => {
  await subscribe(fleet)
  expect(await confirmed('fleet-drivers')).toEqual(['drivers@inbox.localhost'])
  await expect
    .poll(async () => (await confirmed('fleet-team')).sort(), { timeout: 20_000 })
    .toEqual([`${url}/subscribers/desk`, 'team@inbox.localhost'])
  expect(said).toEqual([
    'subscribed drivers@inbox.localhost to the notifications of fleet-drivers',
    'subscribed team@inbox.localhost to the notifications of fleet-team',
    `subscribed ${url}/subscribers/desk to the notifications of fleet-team`,
  ])

  const incident = { 'weir.incident.key': 'truck-007/engine', 'weir.incident.severity': 'warning' }
  const isAbout = ({ subject }: Message): boolean => subject.includes('truck-007')
  const about = async (): Promise<string[]> =>
    (await messages())
      .filter(isAbout)
      .map(({ how, to, subject }) => `${subject} → ${to} (${how})`)
      .sort()
  await publish('fleet-team', 'truck-007 is hot', { ...incident, 'weir.incident.status': 'open' })
  await publish('fleet-drivers', 'truck-007 is hot', { ...incident, 'weir.incident.status': 'open' })
  const opened = [
    'truck-007 is hot → desk (HTTP)',
    'truck-007 is hot → drivers@inbox.localhost (e-mail)',
    'truck-007 is hot → team@inbox.localhost (e-mail)',
  ]
  await expect.poll(about, { timeout: 20_000 }).toEqual(opened)
  await publish('fleet-team', 'truck-007 is cool', { ...incident, 'weir.incident.status': 'resolved' })
  await expect
    .poll(about, { timeout: 20_000 })
    .toEqual(['Resolved: truck-007 is cool → team@inbox.localhost (e-mail)', ...opened])
  const [resolved] = (await messages()).filter(isAbout)
  expect(resolved.text).toContain('Resolved by')
})

test('who is subscribed is left alone', async () => {
  said.length = 0
  const before = (await messages()).length
  await subscribe(fleet)
  expect(said).toEqual([])
  expect((await messages()).length).toBe(before)
})

test('a person whose confirmation was lost is asked again', async () => {
  await alerts.createTopic('lost')
  await alerts.subscribe('lost', 'email', 'lost@inbox.localhost', {})
  await subscribe({ name: 'lost', subscriptions: [{ topic: 'lost', protocol: 'email', name: 'lost' }] })
  expect(await confirmed('lost')).toEqual(['lost@inbox.localhost'])
})

test('nobody is subscribed by e-mail if the alerter sends its e-mails elsewhere', async () => {
  await subscribe(
    { name: 'elsewhere', subscriptions: [{ topic: 'elsewhere', protocol: 'email', name: 'me' }] },
    false,
  )
  expect((await alerts.topics()).map(({ arn }) => arn)).not.toContain(alerts.topicArn('elsewhere'))
})
