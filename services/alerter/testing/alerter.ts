/** A Kafka of its own, with the alerter's topics, to which tests add subscriptions and messages. */
import { randomUUID } from 'node:crypto'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import { kafkaCluster, servers } from '@weir/testkit'
import type { Subscription, Topic } from '../notifications/entries.ts'
import { openNotifications } from '../notifications/notifications.ts'
import { openPublisher } from '../notifications/publisher.ts'
import { type Alerter, startAlerter } from './service.ts'

export type AlerterWorld = Awaited<ReturnType<typeof openAlerterWorld>>

export async function openAlerterWorld() {
  const [cluster, { url: registryUrl }] = await Promise.all([
    kafkaCluster({ brokers: 1 }),
    servers.registry(),
  ])
  const env = {
    KAFKA_BROKERS: cluster.brokers.join(),
    REGISTRY_URL: registryUrl,
    ALLOW_ANONYMOUS: 'true',
    EGRESS_ALLOW: '127.0.0.0/8',
  }
  const log = logger('alerter-test')
  log.level = 'silent'
  const { value: kafka, stop: stopKafka } = await openKafka(
    readConfig({ ...process.env, ...env }, kafkaConfig),
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  const { value: codec, stop: stopCodec } = await openCodec({ topics, url: registryUrl }, log)
  const producer = await kafka.producer()
  const notifications = await openNotifications({ kafka, codec, log })
  const publisher = await openPublisher({ kafka, codec, producer })
  const services: Alerter[] = []
  return {
    env,
    cluster,
    kafka,
    codec,
    notifications: notifications.value,
    publisher,
    /** Starts the alerter, and resolves when it is ready. */
    async start(more: Readonly<Record<string, string>> = {}): Promise<Alerter> {
      const service = await startAlerter({ ...env, ...more })
      services.push(service)
      return service
    },
    async topic(name: string, attributes: Record<string, string> = {}): Promise<Topic> {
      const topic: Topic = {
        name,
        id: randomUUID(),
        createdAt: Date.now(),
        attributes,
        tags: {},
        dataProtectionPolicy: null,
      }
      await notifications.value.change(() => [{ kind: 'topic', id: name, value: topic }])
      return topic
    },
    async subscribe(
      topic: Topic,
      endpoints: readonly string[],
      attributes: Record<string, string> = {},
    ): Promise<Subscription[]> {
      const made = endpoints.map(
        (endpoint): Subscription => ({
          id: randomUUID(),
          topic: topic.name,
          topicId: topic.id,
          protocol: 'http',
          endpoint,
          createdAt: Date.now(),
          attributes,
          token: '00'.repeat(128),
          confirmed: true,
          signedUnsubscribe: false,
          signedConfirmation: false,
          subscriber: 'test',
        }),
      )
      await notifications.value.change(() =>
        made.map((value) => ({ kind: 'subscription', id: value.id, value })),
      )
      return made
    },
    /** Publishes texts, and returns the ids of their messages. */
    async publish(topic: Topic, texts: readonly string[]): Promise<string[]> {
      const results = await publisher.publish(
        texts.map((message) => ({
          topic,
          target: null,
          message,
          subject: null,
          perProtocol: false,
          attributes: [],
          groupId: null,
          deduplicationId: null,
          traceHeader: null,
        })),
        'test',
      )
      return results.map((result) => {
        if (result instanceof Error) throw result
        return result.messageId
      })
    },
    async stop(): Promise<void> {
      for (const service of services) service.kill('SIGKILL')
      await notifications.stop(1000)
      await producer.stop(1000)
      await stopCodec()
      await stopKafka()
      await cluster.stop()
    },
  }
}
