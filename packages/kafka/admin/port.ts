/** Administration, as the services see it: a part of the broker port (../port.ts), which exports it. */
import type { TopicPartition } from '../port.ts'

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicas: number
  readonly configs: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  readonly replicas: number
}

export interface PartitionOffsets {
  readonly partition: number
  readonly earliest: number
  /** One past the last record, transactional markers included. */
  readonly latest: number
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** -1: nothing is committed yet, or only for an earlier topic of that name that was deleted since. */
  readonly committed: number
  readonly latest: number
  /**
   * Records between the two, markers included; counted from the log's start if nothing is committed, or if
   * the committed offset is below it.
   */
  readonly lag: number
}

/** A right that an ACL gives a principal from every host. */
export interface Acl {
  /** User:NAME */
  readonly principal: string
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  /** Kafka's name for it: Read, Write, DescribeConfigs … */
  readonly operation: string
}

/** Administration. Served by kafkajs whichever driver carries the data. */
export interface Admin {
  topics(): Promise<TopicDescription[]>
  /**
   * Creates the topics that are missing and returns their names. Rejects with `partition-mismatch` if a topic
   * exists with another partition count.
   */
  createTopics(specs: readonly TopicSpec[]): Promise<string[]>
  deleteTopics(names: readonly string[]): Promise<void>
  /**
   * Grows the topic to `partitions` partitions; does nothing if it has that many already. Only for topics
   * whose keys do not follow Kafka's partitioner.
   */
  growTopic(name: string, partitions: number): Promise<void>
  topicConfigs(name: string): Promise<Record<string, string>>
  alterTopicConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<void>
  offsets(topic: string): Promise<PartitionOffsets[]>
  groups(): Promise<GroupDescription[]>
  deleteGroups(groupIds: readonly string[]): Promise<void>
  /**
   * Lists the partitions that the group's coordinator has given to members. The list is empty if the group
   * does not exist.
   */
  assigned(groupId: string): Promise<TopicPartition[]>
  lag(groupId: string): Promise<PartitionLag[]>
  /** The rights that ACLs on topics, groups and transactional ids give the principal from every host. */
  acls(principal: string): Promise<Acl[]>
  /** ACLs that exist already stay as they are. */
  addAcls(acls: readonly Acl[]): Promise<void>
  /** The group must have no members. The offsets apply to the topic that has the name now. */
  setOffsets(
    groupId: string,
    topic: string,
    offsets: readonly { partition: number; offset: number }[],
  ): Promise<void>
}
