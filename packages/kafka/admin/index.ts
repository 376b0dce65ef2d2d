/** Administration over kafkajs' connections, for both drivers. */
import type { KafkaConfig } from '../config.ts'
import { Cluster } from '../drivers/kafkajs/cluster.ts'
import { type KafkaLog, SILENT } from '../log.ts'
import type { Admin } from '../port.ts'
import { addAcls, describeAcls } from './acls.ts'
import { assignedPartitions, deleteGroups, describeGroups, groupLag, setOffsets } from './groups.ts'
import {
  alterTopicConfigs,
  createTopics,
  deleteTopics,
  describeTopics,
  growTopic,
  topicConfigs,
  topicOffsets,
} from './topics.ts'

/** Opens an Admin with connections of its own, which are made at the first call. */
export function openAdmin(
  config: KafkaConfig,
  log: KafkaLog = SILENT,
): { value: Admin; stop(): Promise<void> } {
  const cluster = new Cluster(config, log)
  return { value: createAdmin(cluster), stop: async () => cluster.close() }
}

export function createAdmin(cluster: Cluster): Admin {
  return {
    topics: () => describeTopics(cluster),
    createTopics: (specs) => createTopics(cluster, specs),
    deleteTopics: (names) => deleteTopics(cluster, names),
    growTopic: (name, partitions) => growTopic(cluster, name, partitions),
    topicConfigs: (name) => topicConfigs(cluster, name),
    alterTopicConfigs: (name, configs) => alterTopicConfigs(cluster, name, configs),
    offsets: (topic) => topicOffsets(cluster, topic),
    groups: () => describeGroups(cluster),
    deleteGroups: (groupIds) => deleteGroups(cluster, groupIds),
    assigned: (groupId) => assignedPartitions(cluster, groupId),
    lag: (groupId) => groupLag(cluster, groupId),
    acls: (principal) => describeAcls(cluster, principal),
    addAcls: (acls) => addAcls(cluster, acls),
    setOffsets: (groupId, topic, offsets) => setOffsets(cluster, groupId, topic, offsets),
  }
}
