/** The alerter's page in a browser: incidents with their buttons, subscriptions with their attempts. */
import {
  type MessageAttributeValue,
  PublishCommand,
  SetTopicAttributesCommand,
  type SNSClient,
} from '@aws-sdk/client-sns'
import { openBrowser, openPage } from '@weir/solutions/taxi-telemetry/testing/browser.ts'
import { type HttpReceiver, startReceiver } from '@weir/testkit/http-receiver.ts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from './testing/alerter.ts'
import type { Alerter } from './testing/service.ts'

/** The page must show text from messages and receivers as text. */
const HOSTILE = '<img src=x onerror=alert(1)>'
let world: AlerterWorld
let service: Alerter
let browser: Browser
let sns: SNSClient
const receivers: HttpReceiver[] = []

const receiver = async (...arguments_: Parameters<typeof startReceiver>): Promise<HttpReceiver> => {
  const started = await startReceiver(...arguments_)
  receivers.push(started)
  return started
}
const arnOf = (name: string): string => `arn:aws:sns:us-east-1:000000000000:${name}`

async function alert(
  name: string,
  key: string,
  Message: string,
  more: Record<string, string> = {},
): Promise<void> {
  const MessageAttributes = Object.fromEntries(
    Object.entries({ key, ...more }).map(([attribute, StringValue]): [string, MessageAttributeValue] => [
      `weir.incident.${attribute}`,
      { DataType: 'String', StringValue },
    ]),
  )
  await sns.send(new PublishCommand({ TopicArn: arnOf(name), Message, MessageAttributes }))
}

beforeAll(async () => {
  browser = await openBrowser()
  world = await openAlerterWorld()
  service = await world.start()
  sns = service.sns
  const [operations] = [await world.topic('operations'), await world.topic('managers')]
  const [good, failing] = [await receiver(), await receiver(() => 503)]
  await world.subscribe(operations, [good.url, `${failing.url}hooks/disk?token=secret`])
  await sns.send(
    new SetTopicAttributesCommand({
      TopicArn: arnOf('operations'),
      AttributeName: 'WeirEscalation',
      AttributeValue: JSON.stringify({ steps: [{ afterSeconds: 900, topicArn: arnOf('managers') }] }),
    }),
  )
  await alert('operations', 'disk/host-7', 'The disk of host-7 is full\n/var has 0 bytes left.', {
    severity: 'critical',
  })
  await alert('operations', 'disk/host-7', 'The disk of host-7 is full\n/var has 0 bytes left.', {
    severity: 'critical',
  })
  await alert('operations', 'queue', `${HOSTILE} The queue grows`, { severity: 'warning' })
  await alert('operations', 'door', 'The door was open', { severity: 'info' })
  await alert('operations', 'door', 'The door is closed', { status: 'resolved' })
})
afterAll(async () => {
  await browser?.close()
  for (const one of receivers) await one.stop()
  await world?.stop()
})

test.each([
  ['light', 360],
  ['dark', 1440],
  ['light', 1440],
  ['dark', 360],
] as const)(
  'the page shows incidents and subscriptions without scrolling sideways (%s, %i px)',
  async (colorScheme, width) => {
    const { page, wrongs, close } = await openPage(browser, `${service.url}/alerts/`, {
      colorScheme,
      viewport: { width, height: 900 },
      reducedMotion: 'reduce',
    })
    await page.locator('.incident').nth(2).waitFor({ timeout: 15_000 })
    await page.locator('.subscription').nth(1).waitFor({ timeout: 15_000 })
    const failing = page.locator('.subscription').first()
    await failing.getByText('Failing').waitFor({ timeout: 15_000 })
    expect(await failing.innerText()).toContain('hooks/disk?…')
    expect(await failing.innerText()).not.toContain('secret')
    await failing.locator('summary').click()
    await failing.locator('tbody tr').first().waitFor()
    expect(await failing.locator('tbody').innerText()).toContain('503')
    expect(await page.evaluate(() => (globalThis as any).document.documentElement.scrollWidth)).toBe(width)
    expect(await page.locator('img').count()).toBe(0)
    expect(wrongs).toEqual([])
    if (process.env.SCREENSHOTS)
      await page.screenshot({
        path: `${process.env.SCREENSHOTS}/alerts-${colorScheme}-${width}.png`,
        fullPage: true,
      })
    await close()
  },
)

test('an incident is acknowledged and resolved with its buttons, by keyboard too, and the page follows', async () => {
  const { page, wrongs, close } = await openPage(browser, `${service.url}/alerts/`)
  const incident = page.locator('.incident').filter({ hasText: 'The disk of host-7 is full' }).first()
  await incident.getByText('2 alerts').waitFor({ timeout: 15_000 })
  await incident.getByRole('button', { name: /^Acknowledge/ }).press('Enter')
  await incident.getByText('acknowledged by a local client').waitFor({ timeout: 15_000 })
  expect(await incident.getByRole('button', { name: /^Acknowledge/ }).count()).toBe(0)
  await incident.getByRole('button', { name: /^Resolve/ }).click()
  await incident.getByText('resolved by a local client').waitFor({ timeout: 15_000 })
  await incident.locator('summary').click()
  expect(await incident.locator('.history b').allInnerTexts()).toEqual([
    'opened',
    'repeated',
    'acknowledged',
    'resolved',
  ])
  expect(wrongs).toEqual([])
  await close()
})

test('the link of a message opens a page with a button, which needs no key and no script', async () => {
  await alert('operations', 'linked', 'Follow the link')
  const links = () =>
    receivers[0].received.flatMap(({ body }) => {
      const { acknowledgeUrl, title } = JSON.parse(JSON.parse(body).Message)
      return title === 'Follow the link' ? [acknowledgeUrl as string] : []
    })
  await expect.poll(() => links().length, { timeout: 20_000 }).toBe(1)
  const link = `${service.url}${links()[0].slice(new URL(links()[0]).origin.length)}`
  const { page, wrongs, close } = await openPage(browser, link, {
    javaScriptEnabled: false,
    viewport: { width: 360, height: 700 },
  })
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/link.png` })
  await page.getByRole('button', { name: 'Acknowledge' }).click()
  await page.getByText('Acknowledged by a link.').waitFor({ timeout: 15_000 })
  expect(wrongs).toEqual([])
  await close()
})
