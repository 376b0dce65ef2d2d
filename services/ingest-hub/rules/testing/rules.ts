/** A hub, and AWS's clients for its rules and its data plane. */
import {
  type ActionType,
  CreateTopicRuleCommand,
  DeleteTopicRuleCommand,
  IoTClient,
  type TopicRulePayload,
} from '@aws-sdk/client-iot'
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane'
import { kafkaCluster, servers, uniqueName } from '@weir/testkit'
import { untilReady } from '@weir/testkit/service-process.ts'
import { expect, onTestFinished } from 'vitest'
import { type Hub, prepare, startHub } from '../../testing/hub.ts'

export type Action = NonNullable<TopicRulePayload['actions']>[number]
export type { ActionType }

export const roleArn = 'arn:aws:iam::000000000000:role/rules'
export const region = 'us-east-1'
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }

export async function openWorld(env: Readonly<Record<string, string>> = {}) {
  // Brokers of its own: another hub must not do the actions of this one.
  const [cluster, { url: registryUrl }] = await Promise.all([
    kafkaCluster({ brokers: 1 }),
    servers.registry(),
  ])
  const backends = { brokers: cluster.brokers, registryUrl }
  const { kafka, stop } = await prepare(backends)
  let hub = await startReady()

  async function startReady(): Promise<Hub> {
    const started = await startHub(backends, { EGRESS_ALLOW: '127.0.0.0/8', ...env })
    await untilReady(started)
    return started
  }
  const options = () => ({ endpoint: hub.url, region, credentials })
  const world = {
    kafka,
    backends,
    get hub() {
      return hub
    },
    iot: new IoTClient(options()),
    data: new IoTDataPlaneClient(options()),
    async restart(): Promise<void> {
      hub = await startReady()
      world.iot = new IoTClient(options())
      world.data = new IoTDataPlaneClient(options())
    },
    /** Creates a rule for the test, and returns its name. */
    async rule(sql: string, actions: Action[], more: Partial<TopicRulePayload> = {}): Promise<string> {
      const ruleName = uniqueName('rule').replace(/\W/g, '_')
      await world.iot.send(
        new CreateTopicRuleCommand({
          ruleName,
          topicRulePayload: { sql, actions, awsIotSqlVersion: '2016-03-23', ...more },
        }),
      )
      onTestFinished(() =>
        world.iot.send(new DeleteTopicRuleCommand({ ruleName })).then(
          () => {},
          () => {},
        ),
      )
      return ruleName
    },
    publish: (topic: string, payload: unknown) =>
      world.data.send(new PublishCommand({ topic, qos: 1, payload: bytesOf(payload) })),
    async stop(): Promise<void> {
      hub.kill('SIGTERM')
      expect(await hub.exited).toBe(0)
      await stop()
      await cluster.stop()
    },
  }
  return world
}

export const bytesOf = (payload: unknown): Buffer =>
  Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
