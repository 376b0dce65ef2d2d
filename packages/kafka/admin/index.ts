/** Administration, in the encodings of kafkajs, over the connections of the client. */
import type { Cluster } from '../client/cluster.ts'
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
