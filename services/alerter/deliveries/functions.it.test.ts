/** A function of Weir as the receiver of a topic. */

import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns'
import { servers } from '@weir/testkit'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { credentials, region, startReady } from '../testing/service.ts'

let world: AlerterWorld
let enricher: ServiceProcess

beforeAll(async () => {
  world = await openAlerterWorld()
})
afterAll(async () => {
  enricher?.kill('SIGKILL')
  await world?.stop()
})

async function archive(code: string): Promise<Buffer> {
  const zip = new ZipFile()
  zip.addBuffer(Buffer.from(code), 'index.mjs')
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('a function gets the event of SNS, and what it prints is in its log', async () => {
  const redis = await servers.redis()
  enricher = await startReady('enricher', {
    ...world.env,
    REDIS_URL: redis.url,
    FUNCTIONS_DEPLOY: 'true',
    WEIR_SOLUTIONS: 'taxi-telemetry',
    // Functions' output is logged at this level.
    LOG_LEVEL: 'debug',
  })
  const alerter = await world.start({ ENRICHER_URL: enricher.url })
  const lambda = new LambdaClient({ endpoint: enricher.url, region, credentials })
  const code = `export const handler = async ({ Records: [{ EventSource, Sns }] }) => {
    console.log('GOT ' + JSON.stringify([EventSource, Sns.Type, Sns.Subject, Sns.Message, Sns.MessageAttributes]))
  }`
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'reader',
      Runtime: 'nodejs22.x',
      Role: 'arn:aws:iam::000000000000:role/reader',
      Handler: 'index.handler',
      Code: { ZipFile: await archive(code) },
    }),
  )
  const { sns } = alerter
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'read' }))
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: FunctionArn }))
  await sns.send(
    new PublishCommand({
      TopicArn,
      Message: 'hello',
      MessageAttributes: { store: { DataType: 'String', StringValue: 'harbour' } },
    }),
  )
  const expected = ['aws:sns', 'Notification', null, 'hello', { store: { Type: 'String', Value: 'harbour' } }]
  const printed = () =>
    enricher.logs().flatMap(({ msg }) => {
      const at = typeof msg === 'string' ? msg.indexOf('GOT ') : -1
      return at < 0 ? [] : [JSON.parse((msg as string).slice(at + 4))]
    })
  await expect.poll(printed, { timeout: 60_000 }).toEqual([expected])
}, 120_000)
