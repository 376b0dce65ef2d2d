/**
 * The whole solution over real servers: simulated trucks, the hub, the alerter and the enricher as processes, a
 * driver with a mailbox, and a fleet team with an HTTP receiver.
 */
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import { type Mailbox, startMailbox } from '@weir/alerter/testing/mailbox.ts'
import { type Alerter, startAlerter, startReady } from '@weir/alerter/testing/service.ts'
import { type Hub, prepare, startHub } from '@weir/ingest-hub/testing/hub.ts'
import { type KafkaCluster, kafkaCluster, servers } from '@weir/testkit'
import { type HttpReceiver, startReceiver } from '@weir/testkit/http-receiver.ts'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { openItemsApi } from '@weir/tools/weir/items-api.ts'
import { openReferenceApi } from '@weir/tools/weir/reference/api.ts'
import { simulate } from '@weir/tools/weir/simulate/simulate.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openBrowser, openPage } from '../taxi-telemetry/testing/browser.ts'
import { solution } from './solution.ts'

const TRUCKS = 6
const soon = { timeout: 60_000 }

let cluster: KafkaCluster
let stopKafka: () => Promise<void>
let hub: Hub
let alerter: Alerter
let enricher: ServiceProcess
let mailbox: Mailbox
let team: HttpReceiver
const driving = new AbortController()
let driven: Promise<void>

beforeAll(async () => {
  const [registry, redis] = await Promise.all([servers.registry(), servers.redis()])
  // Services of another test would take their share of the records.
  cluster = await kafkaCluster({ brokers: 1 })
  const { brokers } = cluster
  ;({ stop: stopKafka } = await prepare({ brokers, registryUrl: registry.url }))
  mailbox = await startMailbox()
  team = await startReceiver()
  const env = {
    KAFKA_BROKERS: brokers.join(),
    REGISTRY_URL: registry.url,
    REDIS_URL: `${redis.url}/2`,
    ALLOW_ANONYMOUS: 'true',
    EGRESS_ALLOW: '127.0.0.0/8',
    WEIR_SOLUTIONS: solution.name,
  }
  hub = await startHub({ brokers, registryUrl: registry.url })
  alerter = await startAlerter({
    ...env,
    ALERTER_SMTP_URL: `smtp://127.0.0.1:${mailbox.port}`,
    ALERTER_MAIL_FROM: 'alerts@localhost',
  })
  enricher = await startReady('enricher', { ...env, ALERTER_URL: alerter.url })
  await subscribe(alerter.sns)
  driven = simulate(
    {
      solutions: [solution],
      devices: TRUCKS,
      hub: hub.url,
      apiKey: undefined,
      reference: openReferenceApi(enricher.url, undefined),
      items: openItemsApi('', undefined),
      signal: driving.signal,
      log: () => {},
    },
    { stored: 0, refused: 0, dropped: 0 },
  )
}, 180_000)

afterAll(async () => {
  driving.abort()
  await driven
  for (const service of [enricher, alerter, hub]) {
    service?.kill('SIGTERM')
    expect(await service?.exited).toBe(0)
  }
  await stopKafka?.()
  await Promise.all([mailbox?.stop(), team?.stop(), cluster?.stop()])
}, 60_000)

/** A driver gets the e-mails of one truck, and the team's program gets everything. */
async function subscribe(sns: SNSClient): Promise<void> {
  const [drivers, fleetTeam] = await Promise.all(
    ['fleet-drivers', 'fleet-team'].map(
      async (Name) => (await sns.send(new CreateTopicCommand({ Name }))).TopicArn!,
    ),
  )
  await sns.send(
    new SubscribeCommand({
      TopicArn: drivers,
      Protocol: 'email',
      Endpoint: 'driver@localhost',
      Attributes: { FilterPolicy: JSON.stringify({ truck: ['truck-001'] }) },
    }),
  )
  await sns.send(new SubscribeCommand({ TopicArn: fleetTeam, Protocol: 'http', Endpoint: team.url }))
  await vi.waitFor(() => expect(team.received.length).toBe(1), soon)
  const { Token } = JSON.parse(team.received[0].body)
  await sns.send(new ConfirmSubscriptionCommand({ TopicArn: fleetTeam, Token }))
  await vi.waitFor(() => expect(mailbox.mails.length).toBe(1), soon)
  const [link] = /http:\S+/.exec(mailbox.mails[0].text ?? '')!
  // The alerter did not know its port when it was configured.
  const { pathname, search } = new URL(link)
  expect((await fetch(new URL(pathname + search, alerter.url))).status).toBe(200)
}

const notifications = (): { Subject: string; Message: string; MessageAttributes: any; at: number }[] =>
  team.received
    .filter(({ headers }) => headers['x-amz-sns-message-type'] === 'Notification')
    .map(({ body, at }) => ({ ...JSON.parse(body), at }))
const mails = (): string[] => mailbox.mails.slice(1).map(({ subject }) => subject ?? '')
const json = async (url: string): Promise<any> => (await fetch(url)).json()
const fault = (truck: string, entry?: object) =>
  fetch(`${enricher.url}/v1/reference/truck-faults/${truck}`, {
    method: entry === undefined ? 'DELETE' : 'PUT',
    ...(entry && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(entry) }),
  })

test('a truck that overheats alerts its driver and the team, and so does its recovery', async () => {
  const readings = async (): Promise<[at: number, engine: number, container: number][]> =>
    (await json(`${enricher.url}/v1/fleet/trucks/truck-001/readings`)).readings
  await expect.poll(async () => (await readings()).length, soon).toBeGreaterThan(3)
  expect(notifications()).toEqual([])

  expect((await fault('truck-001', { fault: 'fire' })).status).toBe(204)
  await expect.poll(() => notifications().length, soon).toBeGreaterThan(0)
  const [alert] = notifications()
  expect(alert.Subject).toBe('truck-001: container deviates')
  expect(JSON.parse(alert.Message)).toMatchObject({
    event: 'opened',
    key: 'truck-001/container/thresholds',
    message: expect.stringMatching(/^truck-001: container was outside of its limits for 10 s/),
  })
  // truck-001 has chemicals, which may have at most 25 °C.
  const [outsideAt] = (await readings()).find(([, , container]) => container > 25)!
  const afterMs = alert.at - outsideAt - 10_000
  console.info(`alert ${afterMs} ms after ten seconds of deviation`)
  expect(afterMs).toBeLessThan(10_000)
  await expect.poll(mails, soon).toContain('truck-001: container deviates')
  const incidents = async () => (await json(`${alerter.url}/v1/incidents?topic=fleet-team`)).incidents
  expect(await incidents()).toMatchObject([{ key: 'truck-001/container/thresholds', status: 'open' }])

  expect((await fault('truck-001')).status).toBe(204)
  const events = () =>
    notifications()
      .map(({ Message }) => JSON.parse(Message))
      .map(({ event, key }) => `${event} ${key}`)
  await expect.poll(events, { timeout: 120_000 }).toContain('resolved truck-001/container/thresholds')
  await expect.poll(mails, soon).toContain('truck-001: container is as expected again')
  await expect
    .poll(async () => (await incidents()).map(({ status }: any) => status).includes('open'), soon)
    .toBe(false)
  expect(events().filter((event) => !event.includes('truck-001'))).toEqual([])
  expect(mails().filter((subject) => !subject.startsWith('truck-001'))).toEqual([])
}, 240_000)

test('a visitor makes a truck overheat on the page, and sees how far that has come', async () => {
  const browser = await openBrowser()
  const { page, wrongs, close } = await openPage(browser, `${enricher.url}/fleet-anomalies/#truck=truck-002`)
  const state = (text: string) => page.locator('#truck-state').getByText(text).waitFor({ timeout: 120_000 })
  await state('As expected')
  await page.getByRole('button', { name: 'Overheat' }).click()
  await page.getByRole('button', { name: 'Switch the fault off' }).waitFor()
  await state('Finding open')
  const steps = page.locator('#truck-steps .done b')
  await expect.poll(() => steps.allInnerTexts(), soon).toEqual(['Deviates', 'Finding', 'Incident', 'Message'])
  expect(await page.locator('#truck-finding').innerText()).toMatch(/^Container was outside of its limits/)
  expect(await page.locator('#list-body tr').first().innerText()).toMatch(/^truck-002\s+Finding/)
  await page.locator('.incident', { hasText: 'truck-002: container deviates' }).first().waitFor()
  await page.locator('.found', { hasText: 'truck-002' }).first().waitFor()
  await page.locator('#deliveries-table td.good').first().waitFor()
  if (process.env.SCREENSHOTS)
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/fleet.png`, fullPage: true })

  await page.getByRole('button', { name: 'Switch the fault off' }).click()
  await state('As expected')
  await expect.poll(() => steps.last().innerText(), soon).toBe('Resolved')
  expect(wrongs).toEqual([])
  await close()
  await browser.close()
}, 240_000)
