/** Subscriptions by e-mail, with a mail server that asks for TLS and a password. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import { makeCertificates } from '@weir/testkit/certificates.ts'
import type { ParsedMail } from 'mailparser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../../../testing/alerter.ts'
import { type Mailbox, startMailbox } from '../../../testing/mailbox.ts'
import type { Alerter } from '../../../testing/service.ts'

const FROM = 'alerts@weir.example'
let world: AlerterWorld
let service: Alerter
let mailbox: Mailbox
let sns: SNSClient

beforeAll(async () => {
  const [opened, { keyFile, caFile }] = await Promise.all([
    openAlerterWorld(),
    makeCertificates(mkdtempSync(join(tmpdir(), 'weir-mail-'))),
  ])
  world = opened
  const refuse = (recipient: string, earlier: number): number | undefined => {
    if (recipient === 'gone@example.com') return earlier > 0 ? 550 : undefined
    // The first e-mail asks to confirm; the second one is put off once.
    return recipient === 'grey@example.com' && earlier === 1 ? 451 : undefined
  }
  mailbox = await startMailbox({ keyFile, password: 'p@ss/word', refuse })
  service = await world.start({
    NODE_EXTRA_CA_CERTS: caFile,
    ALERTER_PUBLIC_URL: 'http://alerter.test',
    ALERTER_SMTP_URL: `smtps://weir:p%40ss%2Fword@127.0.0.1:${mailbox.port}`,
    ALERTER_MAIL_FROM: FROM,
  })
  sns = service.sns
})
afterAll(async () => {
  await mailbox?.stop()
  await world?.stop()
})

const addressOf = ({ to }: ParsedMail): string | undefined => [to].flat()[0]?.text
/** Waits for the e-mails to an address. */
async function mailsTo(address: string, count: number): Promise<ParsedMail[]> {
  const found = () => mailbox.mails.filter((mail) => addressOf(mail) === address)
  await expect.poll(() => found().length, { timeout: 30_000 }).toBe(count)
  return found()
}
const linkIn = ({ text }: ParsedMail): string => /http:\/\/alerter\.test\S+/.exec(text!)![0]
const open = (link: string, init?: RequestInit): Promise<Response> =>
  fetch(link.replace('http://alerter.test', service.url), init)
const BROWSER = { headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' } }

async function subscribe(TopicArn: string, Endpoint: string, Protocol = 'email'): Promise<ParsedMail> {
  await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint }))
  return (await mailsTo(Endpoint, 1))[0]
}
const create = async (Name: string): Promise<string> =>
  (await sns.send(new CreateTopicCommand({ Name }))).TopicArn!

test('a person confirms by a link, reads messages, and ends the subscription by a link', async () => {
  const TopicArn = await create('news')
  await sns.send(
    new SetTopicAttributesCommand({
      TopicArn,
      AttributeName: 'DisplayName',
      AttributeValue: 'Harbour "news"',
    }),
  )
  const asked = await subscribe(TopicArn, 'anna@example.com')
  expect(asked.subject).toBe('AWS Notification - Subscription Confirmation')
  expect(asked.from!.value).toEqual([{ name: 'Harbour "news"', address: FROM }])
  expect(asked.text).toContain(TopicArn)

  const page = await open(linkIn(asked), BROWSER)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await page.text()).toContain('<h1>Subscription confirmed</h1>')
  expect(await (await open(linkIn(asked))).text()).toContain('<SubscriptionArn>')

  await sns.send(
    new PublishCommand({ TopicArn, Subject: 'Ünloading: pier 4', Message: 'Line one\n.\nLine – three' }),
  )
  const [, told] = await mailsTo('anna@example.com', 2)
  expect(told.subject).toBe('Ünloading: pier 4')
  expect(told.text).toMatch(/^Line one\n\.\nLine – three\n\n--\n/)
  expect(told.headers.get('auto-submitted')).toBe('auto-generated')
  const { unsubscribe } = told.headers.get('list') as unknown as { unsubscribe: { url: string } }
  expect(unsubscribe.url).toBe(linkIn(told))

  // As mail programs do (RFC 8058).
  const ended = await open(unsubscribe.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
  })
  expect(ended.status).toBe(200)
  expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toEqual([])
})

test('an incident is an e-mail with text, escaped HTML, and a link that acknowledges it', async () => {
  const TopicArn = await create('operations')
  await open(linkIn(await subscribe(TopicArn, 'oncall@example.com')))
  const MessageAttributes = { 'weir.incident.key': { DataType: 'String', StringValue: 'disk' } }
  await sns.send(new PublishCommand({ TopicArn, Message: 'The disk is full <b>now</b>', MessageAttributes }))
  const [, told] = await mailsTo('oncall@example.com', 2)
  expect(told.subject).toBe('The disk is full <b>now</b>')
  expect(told.html).toContain('The disk is full &lt;b&gt;now&lt;/b&gt;')
  const link = /Acknowledge it: (\S+)/.exec(told.text!)![1]
  expect(told.html).toContain(`href="${link}"`)
  const done = await open(link, { method: 'POST', body: new URLSearchParams() })
  expect(await done.text()).toContain('Acknowledged by a link.')
})

test('only incidents have HTML', async () => {
  const TopicArn = await create('plain')
  await open(linkIn(await subscribe(TopicArn, 'plain@example.com')))
  const Message = JSON.stringify({ default: 'text', 'email-html': '<b>html</b>' })
  await sns.send(new PublishCommand({ TopicArn, Message, MessageStructure: 'json' }))
  const [, told] = await mailsTo('plain@example.com', 2)
  expect(told.html).toBe(false)
})

test('a link that was changed is a page that says so', async () => {
  const page = await open('http://alerter.test/?Action=ConfirmSubscription&TopicArn=<b>&Token=00', BROWSER)
  expect(page.status).toBe(400)
  const html = await page.text()
  expect(html).toContain('<h1>The link cannot be used</h1>')
  expect(html).not.toContain('<b>')
})

test('a program gets the envelope, and a text of its own', async () => {
  const TopicArn = await create('programs')
  const asked = await subscribe(TopicArn, 'robot@example.com', 'email-json')
  const { Type, SubscribeURL, MessageId } = JSON.parse(asked.text!)
  expect(Type).toBe('SubscriptionConfirmation')
  await open(SubscribeURL)
  const { MessageId: published } = await sns.send(
    new PublishCommand({
      TopicArn,
      MessageStructure: 'json',
      Message: JSON.stringify({ default: 'for all', 'email-json': `for programs ${'x'.repeat(3000)}` }),
    }),
  )
  const [, told] = await mailsTo('robot@example.com', 2)
  expect(told.subject).toBe('AWS Notification Message')
  expect(JSON.parse(told.text!)).toMatchObject({
    Type: 'Notification',
    MessageId: published,
    Message: `for programs ${'x'.repeat(3000)}`,
  })
  expect(MessageId).not.toBe(published)
})

test('a mailbox that is full for a moment gets the message later; one that is gone is given up', async () => {
  const TopicArn = await create('refusals')
  for (const address of ['grey@example.com', 'gone@example.com']) {
    await open(linkIn(await subscribe(TopicArn, address)))
  }
  await sns.send(new PublishCommand({ TopicArn, Message: 'once' }))
  const [, told] = await mailsTo('grey@example.com', 2)
  expect(told.text).toContain('once')
  expect(mailbox.recipients.filter((one) => one === 'gone@example.com')).toHaveLength(2)
}, 90_000)

test.each(['a@example.com\r\nBcc: b@example.com', 'a@example.com, b@example.com', 'nobody'])(
  'the address %j is refused',
  async (Endpoint) => {
    const TopicArn = await create('wrong')
    await expect(
      sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Invalid parameter: Email address',
    })
  },
)

test('a subscription that waits is shown as one', async () => {
  const TopicArn = await create('pending')
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'email',
      Endpoint: 'later@example.com',
      ReturnSubscriptionArn: true,
    }),
  )
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))
  expect(Attributes).toMatchObject({ PendingConfirmation: 'true', Protocol: 'email' })
})
