/** Functions and notifications: a rule, the enricher and the alerter as processes. */
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { freePorts } from '@weir/stack/ports.ts'
import { servers } from '@weir/testkit'
import { type ServiceProcess, startService, untilReady } from '@weir/testkit/service-process.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ZipFile } from 'yazl'
import { credentials, openWorld, region, roleArn } from './testing/rules.ts'

let world: Awaited<ReturnType<typeof openWorld>>
let [enricher, alerter]: ServiceProcess[] = []

const start = async (name: string, env: Record<string, string>): Promise<ServiceProcess> => {
  const service = await startService(name, env)
  await untilReady(service)
  return service
}

beforeAll(async () => {
  const redis = await servers.redis()
  // The hub needs the addresses of the others, which need its brokers.
  const [enricherPort, alerterPort] = await freePorts(2)
  const urlOf = (port: number): string => `http://127.0.0.1:${port}`
  world = await openWorld({ ENRICHER_URL: urlOf(enricherPort), ALERTER_URL: urlOf(alerterPort) })
  const { brokers, registryUrl } = world.backends
  const env = { KAFKA_BROKERS: brokers.join(), REGISTRY_URL: registryUrl, ALLOW_ANONYMOUS: 'true' }
  enricher = await start('enricher', {
    ...env,
    HTTP_PORT: String(enricherPort),
    REDIS_URL: redis.url,
    FUNCTIONS_DEPLOY: 'true',
    WEIR_SOLUTIONS: 'taxi-telemetry',
    // Functions' output is logged at this level.
    LOG_LEVEL: 'debug',
  })
  alerter = await start('alerter', {
    ...env,
    HTTP_PORT: String(alerterPort),
    ENRICHER_URL: enricher.url,
  })
})
afterAll(async () => {
  await world?.stop()
  for (const service of [alerter, enricher]) service?.kill('SIGKILL')
})

async function archive(code: string): Promise<Buffer> {
  const zip = new ZipFile()
  zip.addBuffer(Buffer.from(code), 'index.mjs')
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

test('a function gets the result of a rule, and what the rule publishes as a notification', async () => {
  const lambda = new LambdaClient({ endpoint: enricher.url, region, credentials })
  const sns = new SNSClient({ endpoint: alerter.url, region, credentials })
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'rules-reader',
      Runtime: 'nodejs22.x',
      Role: roleArn,
      Handler: 'index.handler',
      Code: {
        ZipFile: await archive(
          "export const handler = async (event) => { console.log('GOT ' + JSON.stringify(event.Records?.[0].Sns.Message ?? event)) }",
        ),
      },
    }),
  )
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'rules-hot' }))
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: FunctionArn }))
  await world.rule("SELECT temperature FROM 'services/+'", [
    { lambda: { functionArn: FunctionArn } },
    { sns: { roleArn, targetArn: TopicArn, messageFormat: 'RAW' } },
  ])
  await world.rule("SELECT 'for all' AS default, 'for functions' AS lambda FROM 'services/+'", [
    { sns: { roleArn, targetArn: TopicArn, messageFormat: 'JSON' } },
  ])
  await vi.waitFor(async () => {
    await world.publish('services/17', { temperature: 112 })
    const printed = enricher.logs().flatMap(({ msg }) => {
      const at = typeof msg === 'string' ? msg.indexOf('GOT ') : -1
      return at < 0 ? [] : [JSON.parse((msg as string).slice(at + 4))]
    })
    expect(printed).toEqual(
      expect.arrayContaining([{ temperature: 112 }, '{"temperature":112}', 'for functions']),
    )
  }, 90_000)
}, 180_000)
