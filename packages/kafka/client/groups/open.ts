/** Picks the protocol of a group. */
import { KafkaError } from '../../errors.ts'
import type { Cluster } from '../cluster.ts'
import { GROUP } from '../protocol/cluster.ts'
import { ClassicMembership } from './classic-protocol.ts'
import { ConsumerMembership } from './consumer-protocol.ts'
import type { MemberOptions, Membership } from './membership.ts'

const CONSUMER_GROUP_HEARTBEAT = 68

/**
 * Joins the group. `auto` chooses the consumer protocol if the coordinator offers it and the cluster has
 * enabled it (feature group.version, Kafka 4.0).
 */
export async function joinGroup(cluster: Cluster, options: MemberOptions): Promise<Membership> {
  const { groupProtocol } = cluster.config
  if (groupProtocol === 'classic') return new ClassicMembership(cluster, options)
  const { newest, features } = await cluster.versions(await cluster.coordinator(GROUP, options.groupId))
  const offered =
    (newest.get(CONSUMER_GROUP_HEARTBEAT) ?? -1) >= 1 && (features.get('group.version') ?? 0) >= 1
  if (offered) return new ConsumerMembership(cluster, options)
  if (groupProtocol === 'consumer')
    throw new KafkaError('unsupported', 'KAFKA_GROUP_PROTOCOL is consumer, which the broker does not offer')
  return new ClassicMembership(cluster, options)
}
