/** Text messages and mobile push, with a gateway of each kind. */
import {
  CheckIfPhoneNumberIsOptedOutCommand,
  CreatePlatformApplicationCommand,
  CreatePlatformEndpointCommand,
  CreateTopicCommand,
  DeletePlatformApplicationCommand,
  GetEndpointAttributesCommand,
  GetSMSAttributesCommand,
  ListEndpointsByPlatformApplicationCommand,
  ListPhoneNumbersOptedOutCommand,
  ListPlatformApplicationsCommand,
  OptInPhoneNumberCommand,
  PublishCommand,
  SetEndpointAttributesCommand,
  SetSMSAttributesCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns'
import { type HttpReceiver, type Received, startReceiver } from '@weir/testkit/http-receiver.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../../testing/alerter.ts'
import type { Alerter } from '../../testing/service.ts'
import { gatewaySignature } from './gateway.ts'

const SECRET = 'a secret of the gateways'
let world: AlerterWorld
let service: Alerter
let gateways: Record<'sms' | 'push', HttpReceiver>
let sns: SNSClient

const open = async (env: Record<string, string>): Promise<void> => {
  service = await world.start(env)
  sns = service.sns
}

beforeAll(async () => {
  world = await openAlerterWorld()
  const isGone = ({ body }: Received): boolean => /\+15550199|gone-token/.test(body)
  gateways = {
    sms: await startReceiver((received) => (isGone(received) ? 410 : 200)),
    push: await startReceiver((received) => (isGone(received) ? 410 : 200)),
  }
  await open({
    ALERTER_SMS_GATEWAY_URL: gateways.sms.url,
    ALERTER_PUSH_GATEWAY_URL: gateways.push.url,
    ALERTER_GATEWAY_SECRET: SECRET,
  })
})
afterAll(async () => {
  await Promise.all([gateways?.sms.stop(), gateways?.push.stop(), world?.stop()])
})

/** Waits for the request about a message, and checks its signature. */
async function requestAbout(kind: 'sms' | 'push', messageId: string): Promise<Record<string, unknown>> {
  const find = () => gateways[kind].received.find(({ body }) => JSON.parse(body).messageId === messageId)
  await expect.poll(find, { timeout: 20_000 }).toBeDefined()
  const { headers, body, at } = find()!
  const timestamp = headers['weir-timestamp'] as string
  expect(headers['weir-signature']).toBe(`v1=${gatewaySignature(SECRET, timestamp, body)}`)
  expect(Math.abs(at - Number(timestamp))).toBeLessThan(5000)
  return JSON.parse(body)
}

const publish = async (input: ConstructorParameters<typeof PublishCommand>[0]): Promise<string> =>
  (await sns.send(new PublishCommand(input))).MessageId!

test('a text message goes to a number, and to the numbers that subscribe to a topic', async () => {
  await sns.send(new SetSMSAttributesCommand({ attributes: { DefaultSenderID: 'Harbour' } }))
  const { attributes } = await sns.send(new GetSMSAttributesCommand({}))
  expect(attributes).toEqual({ MonthlySpendLimit: '1', DefaultSenderID: 'Harbour' })
  const alone = await publish({
    PhoneNumber: '+15550100',
    Message: 'alone',
    MessageAttributes: { 'AWS.SNS.SMS.SMSType': { DataType: 'String', StringValue: 'Transactional' } },
  })
  expect(await requestAbout('sms', alone)).toMatchObject({
    type: 'sms',
    topicArn: null,
    phoneNumber: '+15550100',
    message: 'alone',
    senderId: 'Harbour',
    smsType: 'Transactional',
  })
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'texts' }))
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint: '+1 555-0101' }))
  const toTopic = await publish({
    TopicArn,
    MessageStructure: 'json',
    Message: JSON.stringify({ default: 'long', sms: 'short' }),
  })
  expect(await requestAbout('sms', toTopic)).toMatchObject({
    topicArn: TopicArn,
    phoneNumber: '+15550101',
    message: 'short',
    smsType: 'Promotional',
  })
})

test('a number that the gateway says is opted out gets nothing until it opts in', async () => {
  const phoneNumber = '+15550199'
  const isOptedOut = async () =>
    (await sns.send(new CheckIfPhoneNumberIsOptedOutCommand({ phoneNumber }))).isOptedOut
  expect(await isOptedOut()).toBe(false)
  await requestAbout('sms', await publish({ PhoneNumber: phoneNumber, Message: 'first' }))
  await expect.poll(isOptedOut).toBe(true)
  expect((await sns.send(new ListPhoneNumbersOptedOutCommand({}))).phoneNumbers).toEqual([phoneNumber])
  const second = await publish({ PhoneNumber: phoneNumber, Message: 'second' })
  await requestAbout('sms', await publish({ PhoneNumber: '+15550100', Message: 'another' }))
  expect(gateways.sms.received.filter(({ body }) => body.includes(second))).toEqual([])
  await sns.send(new OptInPhoneNumberCommand({ phoneNumber }))
  expect(await isOptedOut()).toBe(false)
})

test('a push message has the text of its platform; a device that is gone is disabled', async () => {
  const { PlatformApplicationArn } = await sns.send(
    new CreatePlatformApplicationCommand({
      Name: 'harbour',
      Platform: 'GCM',
      Attributes: { PlatformCredential: 'not kept' },
    }),
  )
  const { PlatformApplications } = await sns.send(new ListPlatformApplicationsCommand({}))
  expect(PlatformApplications).toEqual([{ PlatformApplicationArn, Attributes: { Enabled: 'true' } }])
  const endpoint = async (Token: string): Promise<string> =>
    (
      await sns.send(
        new CreatePlatformEndpointCommand({ PlatformApplicationArn, Token, CustomUserData: 'pier 4' }),
      )
    ).EndpointArn!
  const [phone, gone] = [await endpoint('token'), await endpoint('gone-token')]
  expect(await endpoint('token')).toBe(phone)
  const id = await publish({
    TargetArn: phone,
    MessageStructure: 'json',
    Message: JSON.stringify({ GCM: '{"notification":{"title":"t"}}' }),
  })
  expect(await requestAbout('push', id)).toMatchObject({
    type: 'push',
    endpointArn: phone,
    platform: 'GCM',
    application: 'harbour',
    token: 'token',
    customUserData: 'pier 4',
    message: '{"notification":{"title":"t"}}',
  })

  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'pushed' }))
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'application', Endpoint: gone }))
  await requestAbout('push', await publish({ TopicArn, Message: 'to all' }))
  const enabled = async () =>
    (await sns.send(new GetEndpointAttributesCommand({ EndpointArn: gone }))).Attributes!.Enabled
  await expect.poll(enabled).toBe('false')
  await expect(publish({ TargetArn: gone, Message: 'm' })).rejects.toMatchObject({
    name: 'EndpointDisabledException',
    message: 'Endpoint is disabled',
  })
  await sns.send(new SetEndpointAttributesCommand({ EndpointArn: gone, Attributes: { Enabled: 'true' } }))
  expect(await enabled()).toBe('true')
  const list = () => sns.send(new ListEndpointsByPlatformApplicationCommand({ PlatformApplicationArn }))
  expect((await list()).Endpoints).toHaveLength(2)
  await sns.send(new DeletePlatformApplicationCommand({ PlatformApplicationArn }))
  await expect(list()).rejects.toMatchObject({ name: 'NotFoundException' })
})

test('a message to a number survives a gateway that fails, and kill -9 of the service', async () => {
  const { url } = gateways.sms
  await gateways.sms.stop()
  const id = await publish({ PhoneNumber: '+15550102', Message: 'later' })
  service.kill('SIGKILL')
  await service.exited
  gateways.sms = await startReceiver()
  await open({ ALERTER_SMS_GATEWAY_URL: gateways.sms.url, ALERTER_GATEWAY_SECRET: SECRET })
  expect(gateways.sms.url).not.toBe(url)
  expect(await requestAbout('sms', id)).toMatchObject({ phoneNumber: '+15550102', message: 'later' })
}, 90_000)

test('without a gateway, messages and subscriptions are refused with the reason', async () => {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'refused' }))
  const { PlatformApplicationArn } = await sns.send(
    new CreatePlatformApplicationCommand({
      Name: 'refused',
      Platform: 'GCM',
      Attributes: { PlatformCredential: 'key' },
    }),
  )
  const { EndpointArn } = await sns.send(
    new CreatePlatformEndpointCommand({ PlatformApplicationArn, Token: 'token' }),
  )
  const refused = expect.objectContaining({
    message: expect.stringContaining('the operator can set ALERTER_PUSH_GATEWAY_URL'),
  })
  await expect(publish({ TargetArn: EndpointArn, Message: 'm' })).rejects.toEqual(refused)
  await expect(
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'application', Endpoint: EndpointArn })),
  ).rejects.toEqual(refused)
  await expect(
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'a@example.com' })),
  ).rejects.toMatchObject({ message: expect.stringContaining('ALERTER_SMTP_URL') })
})
