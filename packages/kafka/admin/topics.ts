/** Topics and their configuration. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../drivers/kafkajs/cluster.ts'
import { brokerError, toKafkaError } from '../drivers/kafkajs/errors.ts'
import { EARLIEST, LATEST, offsetsAt } from '../drivers/kafkajs/offsets.ts'
import { KafkaError } from '../errors.ts'
import type { PartitionOffsets, TopicDescription, TopicSpec } from '../port.ts'
import { attempt } from './attempt.ts'
import { setTopicConfigs } from './calls.ts'

/** Milliseconds. */
const BROKER_TIMEOUT_MS = 8_000
const VISIBLE = 10_000

const UNKNOWN_TOPIC = 3
const TOPIC_ALREADY_EXISTS = 36
const INVALID_PARTITIONS = 37
const TOPIC_RESOURCE = 2

export async function describeTopics(cluster: Cluster): Promise<TopicDescription[]> {
  const ask = async () => (await cluster.any()).ask('Metadata', { topics: [], allowAutoTopicCreation: false })
  const { topicMetadata } = await attempt(cluster, ask, 'The topics cannot be listed')
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
      `Topic ${name} has ${found} partitions where ${partitions} are wanted`,
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
  const ask = async () =>
    (await cluster.controller()).ask('CreateTopics', { topics, timeout: BROKER_TIMEOUT_MS })
  const { topicErrors } = await attempt(cluster, ask, 'Topics cannot be created')
  const created: string[] = []
  for (const { topic, errorCode, errorMessage } of topicErrors) {
    if (errorCode === 0) created.push(topic)
    else if (errorCode !== TOPIC_ALREADY_EXISTS)
      throw toKafkaError(brokerError(errorCode), `Topic ${topic} cannot be created (${errorMessage})`)
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
  for (const until = Date.now() + VISIBLE; Date.now() < until; await sleep(50)) {
    const partitions = await cluster.partitions(topic).catch(() => 0)
    if (
      partitions > 0 &&
      Array.from({ length: partitions }, (_, i) => cluster.leader(topic, i)).every((leader) => leader >= 0)
    )
      return
    await cluster.refresh()
  }
}

/** Topics that do not exist count as deleted. */
export async function deleteTopics(cluster: Cluster, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  const ask = async () =>
    (await cluster.controller()).ask('DeleteTopics', { topics: names, timeout: BROKER_TIMEOUT_MS })
  const { topicErrors } = await attempt(cluster, ask, 'Topics cannot be deleted')
  for (const { topic, errorCode } of topicErrors) {
    if (errorCode !== 0 && errorCode !== UNKNOWN_TOPIC)
      throw toKafkaError(brokerError(errorCode), `Topic ${topic} cannot be deleted`)
  }
  await untilGone(cluster, names)
}

/**
 * Brokers learn of a deletion a little later than the controller. Until then the topic seems to exist, and
 * createTopics() would leave it alone.
 */
async function untilGone(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const until = Date.now() + VISIBLE; Date.now() < until; await sleep(50)) {
    const existing = await describeTopics(cluster)
    if (!existing.some(({ name }) => names.includes(name))) return
  }
}

export async function growTopic(cluster: Cluster, name: string, partitions: number): Promise<void> {
  if ((await cluster.partitions(name)) >= partitions) return
  const request = { topicPartitions: [{ topic: name, count: partitions }], timeout: BROKER_TIMEOUT_MS }
  const ask = async () => (await cluster.controller()).ask('CreatePartitions', request)
  const {
    topicErrors: [{ errorCode, errorMessage }],
  } = await attempt(cluster, ask, `Topic ${name} cannot be grown`)
  // Another process may have grown it meanwhile, as far or further.
  if (errorCode !== 0 && errorCode !== INVALID_PARTITIONS)
    throw toKafkaError(brokerError(errorCode), `Topic ${name} cannot be grown (${errorMessage})`)
  for (
    const until = Date.now() + VISIBLE;
    (await cluster.partitions(name)) < partitions && Date.now() < until;
    await sleep(50)
  )
    await cluster.refresh()
  await untilVisible(cluster, name)
  if ((await cluster.partitions(name)) < partitions)
    throw toKafkaError(brokerError(errorCode), `Topic ${name} cannot be grown (${errorMessage})`)
}

/** Returns the whole configuration, defaults included. */
export async function topicConfigs(cluster: Cluster, name: string): Promise<Record<string, string>> {
  const ask = async () =>
    (await cluster.any()).ask('DescribeConfigs', {
      resources: [{ type: TOPIC_RESOURCE, name, configNames: [] }],
      includeSynonyms: false,
    })
  const {
    resources: [resource],
  } = await attempt(cluster, ask, `The configuration of ${name} cannot be read`)
  if (resource.errorCode !== 0)
    throw toKafkaError(brokerError(resource.errorCode), `The configuration of ${name} cannot be read`)
  const entries: { configName: string; configValue: string | null }[] = resource.configEntries
  return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue ?? '']))
}

export async function alterTopicConfigs(
  cluster: Cluster,
  name: string,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const ask = async () => (await cluster.controller()).send(setTopicConfigs(name, Object.entries(configs)))
  const { errorCode, message } = await attempt(cluster, ask, `The configuration of ${name} cannot be changed`)
  if (errorCode !== 0)
    throw toKafkaError(brokerError(errorCode), `The configuration of ${name} cannot be changed (${message})`)
}

export async function topicOffsets(cluster: Cluster, topic: string): Promise<PartitionOffsets[]> {
  const partitions = Array.from({ length: await cluster.partitions(topic) }, (_, partition) => partition)
  const [earliest, latest] = await Promise.all([
    offsetsAt(cluster, topic, partitions, EARLIEST),
    offsetsAt(cluster, topic, partitions, LATEST, true),
  ])
  return partitions.map((partition) => ({
    partition,
    earliest: earliest[partition],
    latest: latest[partition],
  }))
}
