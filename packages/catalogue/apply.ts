/**
 * Brings the brokers in line with a table of topics.
 * Running it again changes nothing.
 */

import { topicConfigs } from '@weir/contracts/topic-configs.ts'
import { registryJournal, type TopicTable } from '@weir/contracts/topics.ts'
import { type Admin, KafkaError, type TopicSpec } from '@weir/kafka'

export interface ApplyTopicsOptions {
  /** The table of topics. */
  readonly topics: TopicTable
  /**
   * Replicas of each partition of topics that are created; -1: the broker's default. Existing topics keep
   * theirs.
   */
  readonly replicas: number
  /**
   * The number of in-sync replicas without which a write is refused. Two of three if unset: one broker may
   * fail and nothing acknowledged is lost.
   */
  readonly minInSync?: number
  readonly log?: (line: string) => void
}

export interface AppliedTopics {
  readonly created: readonly string[]
  /** Topics whose configuration was changed. */
  readonly updated: readonly string[]
}

/**
 * Rejects with `partition-mismatch`, before anything is changed, if a topic has another partition count than
 * the table says.
 */
export async function applyTopics(
  admin: Admin,
  { topics, replicas, minInSync, log }: ApplyTopicsOptions,
): Promise<AppliedTopics> {
  return applySpecs(admin, topicSpecs(topics, replicas, minInSync), log)
}

/** The same for any list of topics. */
export async function applySpecs(
  admin: Admin,
  specs: readonly TopicSpec[],
  log: (line: string) => void = () => {},
): Promise<AppliedTopics> {
  const existing = new Map((await admin.topics()).map((topic) => [topic.name, topic]))
  const mismatches = specs
    .filter(({ name, partitions }) => existing.has(name) && existing.get(name)!.partitions !== partitions)
    .map(
      ({ name, partitions }) =>
        `${name} has ${existing.get(name)!.partitions} partitions, but the topics table says ${partitions}`,
    )
  if (mismatches.length > 0) throw new KafkaError('partition-mismatch', mismatches.join('; '))

  const created = await admin.createTopics(specs.filter(({ name }) => !existing.has(name)))
  for (const name of created) log(`created topic ${name}`)
  const updated: string[] = []
  for (const { name, configs } of specs.filter((spec) => existing.has(spec.name))) {
    const changes = differences(await admin.topicConfigs(name), configs)
    if (changes.length === 0) continue
    await admin.alterTopicConfigs(name, configs)
    updated.push(name)
    log(`changed topic ${name}: ${changes.join(', ')}`)
  }
  return { created, updated }
}

/** The table's topics and the registry's journal, as the broker port takes them. */
export function topicSpecs(
  topics: TopicTable,
  replicas: number,
  minInSync = replicas >= 3 ? 2 : replicas > 0 ? 1 : undefined,
): TopicSpec[] {
  const inSync: Record<string, string> =
    minInSync === undefined ? {} : { 'min.insync.replicas': String(minInSync) }
  return [
    ...Object.entries(topics).map(([name, topic]) => ({
      name,
      partitions: topic.partitions,
      replicas,
      configs: { ...topicConfigs(topic), ...inSync },
    })),
    {
      name: registryJournal.name,
      partitions: 1,
      replicas,
      configs: { ...registryJournal.configs, ...inSync },
    },
  ]
}

function differences(
  actual: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(wanted)
    .filter(([name, value]) => actual[name] !== value)
    .map(([name, value]) => `${name} ${actual[name] ?? 'unset'} → ${value}`)
}
