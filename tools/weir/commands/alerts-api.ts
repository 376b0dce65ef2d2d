/** The alerter over HTTP: SNS's API by AWS's client, and Weir's own routes beside it. */
import type { SNSClient } from '@aws-sdk/client-sns'
import { awsAccountConfig, snsTopicArn } from '@weir/aws'
import { type ConfigReader, readConfig } from '@weir/config'
import { reasonOf } from '@weir/service/probe.ts'
import { Refused, Unreachable } from '../command.ts'
import { serviceApi } from '../service-api.ts'

export interface TopicRow {
  readonly arn: string
  readonly subscriptions: number
  readonly pending: number
}

export interface SubscriptionRow {
  /** PendingConfirmation until it is confirmed. */
  readonly arn: string
  readonly protocol: string
  readonly endpoint: string
}

/** An attempt, as GET /v1/deliveries has it. */
export interface DeliveryRow {
  readonly subscription: string
  readonly topic: string
  readonly messageId: string
  readonly attempts: number
  readonly startedAt: number
  readonly durationMs: number
  readonly outcome: 'delivered' | 'failed' | 'postponed' | 'dead'
  readonly status: string
  readonly answer: string | null
  readonly dueAt: number | null
  readonly deadLetter: boolean
}

/** An incident, as GET /v1/incidents has it. */
export interface IncidentRow {
  readonly id: string
  readonly topic: string
  readonly key: string
  readonly status: 'open' | 'acknowledged' | 'resolved'
  readonly severity: string
  readonly title: string
  readonly alerts: number
  readonly openedAt: number
  readonly acknowledgedBy: string | null
  readonly resolvedBy: string | null
  readonly escalatedTo: readonly string[]
}

export interface Published {
  readonly subject: string | undefined
  readonly group: string | undefined
  readonly attributes: Readonly<Record<string, string>>
}

export interface AlertsApi {
  /** Returns the ARN of a topic from its name or its ARN. */
  topicArn(topic: string): string
  topics(): Promise<TopicRow[]>
  /** Resolves to the ARN of the topic, which may have been there. */
  createTopic(name: string): Promise<string>
  subscriptions(topic: string): Promise<SubscriptionRow[]>
  subscribe(
    topic: string,
    protocol: string,
    endpoint: string,
    attributes: Record<string, string>,
  ): Promise<string>
  /** Resolves to the id of the message. */
  publish(topic: string, message: string, more: Published): Promise<string>
  deliveries(
    query: Readonly<Record<string, string>>,
  ): Promise<{ readonly deliveries: DeliveryRow[]; readonly skipped: number }>
  incidents(
    query: Readonly<Record<string, string>>,
  ): Promise<{ readonly incidents: IncidentRow[]; readonly more: boolean }>
  change(incident: string, action: 'acknowledge' | 'resolve'): Promise<IncidentRow>
}

export interface AlertsSettings {
  readonly url: string
  readonly apiKey: string | undefined
  readonly signing: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly region: string
  }
}

/** Calls reject with Unreachable if the alerter does not answer, and with Refused if it refuses. */
export async function openAlertsApi({ url, apiKey, signing }: AlertsSettings): Promise<AlertsApi> {
  const sns = await import('@aws-sdk/client-sns')
  const { region, ...credentials } = signing
  const account = readConfig(process.env, (reader: ConfigReader) => awsAccountConfig(reader))
  const client: SNSClient = new sns.SNSClient({ endpoint: url, region, credentials, maxAttempts: 3 })
  const topicArn = (topic: string): string => (topic.startsWith('arn:') ? topic : snsTopicArn(account, topic))

  const call = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: SdkError) => {
      const status = error.$metadata?.httpStatusCode
      if (status === undefined) throw unreachable(url, error)
      const said = `The alerter answered ${status}: ${error.message}`
      throw status < 500 ? new Refused(said) : new Unreachable(said)
    })
  const own = serviceApi({ service: 'alerter', url, apiKey })
  const ask = async <T>(method: string, path: string): Promise<T> => (await own(method, path)).json() as T

  return {
    topicArn,
    topics: () => call(listTopics(client, sns)),
    createTopic: async (name) =>
      (await call(client.send(new sns.CreateTopicCommand({ Name: name })))).TopicArn!,
    subscriptions: (topic) => call(listSubscriptions(client, sns, topicArn(topic))),
    async subscribe(topic, Protocol, Endpoint, Attributes) {
      const input = { TopicArn: topicArn(topic), Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true }
      return (await call(client.send(new sns.SubscribeCommand(input)))).SubscriptionArn!
    },
    async publish(topic, Message, { subject: Subject, group: MessageGroupId, attributes }) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      )
      const input = { TopicArn: topicArn(topic), Message, Subject, MessageGroupId, MessageAttributes }
      return (await call(client.send(new sns.PublishCommand(input)))).MessageId!
    },
    deliveries: (query) => ask('GET', `deliveries?${new URLSearchParams(query)}`),
    incidents: (query) => ask('GET', `incidents?${new URLSearchParams(query)}`),
    change: (incident, action) => ask('POST', `incidents/${encodeURIComponent(incident)}/${action}`),
  }
}

type Sns = typeof import('@aws-sdk/client-sns')

async function listTopics(
  client: SNSClient,
  { paginateListTopics, paginateListSubscriptions }: Sns,
): Promise<TopicRow[]> {
  const rows = new Map<string, { arn: string; subscriptions: number; pending: number }>()
  for await (const { Topics = [] } of paginateListTopics({ client }, {}))
    for (const { TopicArn: arn } of Topics) rows.set(arn!, { arn: arn!, subscriptions: 0, pending: 0 })
  for await (const { Subscriptions = [] } of paginateListSubscriptions({ client }, {}))
    for (const { TopicArn, SubscriptionArn } of Subscriptions) {
      const row = rows.get(TopicArn!)
      if (row === undefined) continue
      if (SubscriptionArn === 'PendingConfirmation') row.pending++
      else row.subscriptions++
    }
  return [...rows.values()]
}

async function listSubscriptions(
  client: SNSClient,
  { paginateListSubscriptionsByTopic }: Sns,
  TopicArn: string,
): Promise<SubscriptionRow[]> {
  const rows: SubscriptionRow[] = []
  for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic({ client }, { TopicArn }))
    for (const { SubscriptionArn, Protocol, Endpoint } of Subscriptions)
      rows.push({ arn: SubscriptionArn!, protocol: Protocol!, endpoint: Endpoint! })
  return rows
}

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
}

const unreachable = (url: string, error: Error): Unreachable =>
  new Unreachable(`The alerter at ${url} does not answer (${reasonOf(error)}); start it or set ALERTER_URL.`)
