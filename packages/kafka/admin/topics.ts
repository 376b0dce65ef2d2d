/** Topics and their configuration. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../client/cluster.ts'
import { offsetsAt } from '../client/consume/offsets.ts'
import { OK, UNKNOWN_TOPIC_OR_PARTITION } from '../client/protocol/codes.ts'
import { EARLIEST, LATEST, READ_UNCOMMITTED } from '../client/protocol/offsets.ts'
import { KafkaError } from '../errors.ts'
import type { PartitionOffsets, TopicDescription, TopicSpec } from '../port.ts'
import { setTopicConfigs } from './apis.ts'
import { ask, attempt, LANE, refusal } from './attempt.ts'

const BROKER_TIMEOUT_MS = 8_000
const VISIBLE_MS = 10_000
/** A broker may show a value in another form than it was given. */
const CONFIGURED_MS = 2000
const OFFSETS_PATIENCE_MS = 15_000

const TOPIC_ALREADY_EXISTS = 36
const INVALID_PARTITIONS = 37
const TOPIC_RESOURCE = 2

export async function describeTopics(cluster: Cluster): Promise<TopicDescription[]> {
  const { topicMetadata } = await attempt(
    cluster,
    () => anywhere(cluster, 'Metadata', { topics: [], allowAutoTopicCreation: false }),
    'The topics cannot be listed',
  )
  const topics: {
    topic: string
    isInternal: boolean
    topicErrorCode: number
    partitionMetadata: { replicas: number[] }[]
  }[] = topicMetadata
  return topics
    .filter(({ isInternal, topicErrorCode }) => !isInternal && topicErrorCode === 0)
    .map(({ topic, partitionMetadata }) => ({
      name: topic,
      partitions: partitionMetadata.length,
      replicas: partitionMetadata[0]?.replicas.length ?? 0,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export async function createTopics(cluster: Cluster, specs: readonly TopicSpec[]): Promise<string[]> {
  const existing = new Map((await describeTopics(cluster)).map(({ name, partitions }) => [name, partitions]))
  for (const { name, partitions } of specs) {
    const found = existing.get(name)
    if (found === undefined || found === partitions) continue
    throw new KafkaError(
      'partition-mismatch',
      `Topic ${name} has ${found} partitions, but ${partitions} are required`,
    )
  }
  const missing = specs.filter(({ name }) => !existing.has(name))
  if (missing.length === 0) return []
  const topics = missing.map(({ name, partitions, replicas, configs }) => ({
    topic: name,
    numPartitions: partitions,
    replicationFactor: replicas,
    configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }))
  const request = { topics, timeout: BROKER_TIMEOUT_MS }
  const { topicErrors } = await attempt(
    cluster,
    async () => ask(cluster, await cluster.controller(), 'CreateTopics', request),
    'Topics cannot be created',
  )
  const created: string[] = []
  for (const { topic, errorCode, errorMessage } of topicErrors) {
    if (errorCode === OK) created.push(topic)
    else if (errorCode !== TOPIC_ALREADY_EXISTS)
      throw refusal(errorCode, `Topic ${topic} cannot be created (${errorMessage})`)
  }
  await Promise.all(missing.map(({ name }) => untilVisible(cluster, name)))
  // Another process may have created one in between, with another count.
  if (created.length < missing.length)
    await createTopics(
      cluster,
      missing.filter(({ name }) => !created.includes(name)),
    )
  return created
}

/** Brokers learn of a new topic, and of its leaders, a little later than its creator. */
async function untilVisible(cluster: Cluster, topic: string): Promise<void> {
  for (const until = Date.now() + VISIBLE_MS; Date.now() < until; await sleep(50)) {
    const partitions = (await cluster.topic(topic).catch(() => undefined))?.partitions ?? []
    if (partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)) return
    await cluster.refresh(topic)
  }
}

/** Topics that do not exist count as deleted. */
export async function deleteTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const request = { topics: names, timeout: BROKER_TIMEOUT_MS }
  const { topicErrors } = await attempt(
    cluster,
    async () => ask(cluster, await cluster.controller(), 'DeleteTopics', request),
    'Topics cannot be deleted',
  )
  for (const { topic, errorCode } of topicErrors) {
    if (errorCode !== OK && errorCode !== UNKNOWN_TOPIC_OR_PARTITION)
      throw refusal(errorCode, `Topic ${topic} cannot be deleted`)
  }
  await untilGone(cluster, names)
}

/**
 * Brokers learn of a deletion a little later than the controller. Until then the topic seems to exist, and
 * createTopics() would leave it alone.
 */
async function untilGone(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const until = Date.now() + VISIBLE_MS; Date.now() < until; await sleep(50)) {
    const existing = await describeTopics(cluster)
    if (!existing.some(({ name }) => names.includes(name))) return
  }
}

export async function growTopic(cluster: Cluster, name: string, partitions: number): Promise<void> {
  if ((await cluster.topic(name)).partitions.length >= partitions) return
  const request = { topicPartitions: [{ topic: name, count: partitions }], timeout: BROKER_TIMEOUT_MS }
  const {
    topicErrors: [{ errorCode, errorMessage }],
  } = await attempt(
    cluster,
    async () => ask(cluster, await cluster.controller(), 'CreatePartitions', request),
    `Topic ${name} cannot be grown`,
  )
  const refused = `Topic ${name} cannot be grown (${errorMessage})`
  // Another process may have grown it meanwhile, as far or further.
  if (errorCode !== OK && errorCode !== INVALID_PARTITIONS) throw refusal(errorCode, refused)
  const grown = async (): Promise<boolean> => (await cluster.topic(name)).partitions.length >= partitions
  for (const until = Date.now() + VISIBLE_MS; !(await grown()) && Date.now() < until; await sleep(50))
    await cluster.refresh(name)
  await untilVisible(cluster, name)
  if (!(await grown())) throw refusal(errorCode, refused)
}

/** Returns the whole configuration, defaults included. */
export async function topicConfigs(cluster: Cluster, name: string): Promise<Record<string, string>> {
  const request = { resources: [{ type: TOPIC_RESOURCE, name, configNames: [] }], includeSynonyms: false }
  const {
    resources: [resource],
  } = await attempt(
    cluster,
    () => anywhere(cluster, 'DescribeConfigs', request),
    `The configuration of ${name} cannot be read`,
  )
  if (resource.errorCode !== OK)
    throw refusal(resource.errorCode, `The configuration of ${name} cannot be read`)
  const entries: { configName: string; configValue: string | null }[] = resource.configEntries
  return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue ?? '']))
}

export async function alterTopicConfigs(
  cluster: Cluster,
  name: string,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const { errorCode, message } = await attempt(
    cluster,
    async () =>
      cluster.call(await cluster.controller(), LANE, setTopicConfigs, name, Object.entries(configs)),
    `The configuration of ${name} cannot be changed`,
  )
  if (errorCode !== OK)
    throw refusal(errorCode, `The configuration of ${name} cannot be changed (${message})`)
  await untilConfigured(cluster, name, configs)
}

/** Brokers learn of a configuration a little later than the controller. */
async function untilConfigured(
  cluster: Cluster,
  name: string,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  for (const until = Date.now() + CONFIGURED_MS; Date.now() < until; await sleep(20)) {
    const now = await topicConfigs(cluster, name)
    if (Object.entries(configs).every(([key, value]) => now[key] === value)) return
  }
}

export async function topicOffsets(cluster: Cluster, topic: string): Promise<PartitionOffsets[]> {
  const partitions = (await cluster.topic(topic)).partitions.map(({ partition }) => ({ topic, partition }))
  const signal = AbortSignal.timeout(OFFSETS_PATIENCE_MS)
  const [earliest, latest] = await Promise.all([
    offsetsAt(cluster, partitions, EARLIEST, signal),
    offsetsAt(cluster, partitions, LATEST, signal, READ_UNCOMMITTED),
  ])
  return partitions.map((at) => ({
    partition: at.partition,
    earliest: earliest.get(at)!,
    latest: latest.get(at)!,
  }))
}

function anywhere(cluster: Cluster, name: string, args: object): Promise<any> {
  return cluster.anywhere((broker) => ask(cluster, broker, name, args))
}
