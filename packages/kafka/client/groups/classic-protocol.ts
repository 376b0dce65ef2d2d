/**
 * The classic protocol, eager: whenever the group rebalances, every member drains and commits everything,
 * joins again, and takes what the leader assigns to it.
 */

import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import { backoff, settledWithin } from '../backoff.ts'
import type { Cluster, TopicInfo } from '../cluster.ts'
import { asKafkaError } from '../failure.ts'
import { GROUP } from '../protocol/cluster.ts'
import {
  brokerError,
  FENCED_INSTANCE_ID,
  ILLEGAL_GENERATION,
  isTransient,
  MEMBER_ID_REQUIRED,
  OK,
  REBALANCE_IN_PROGRESS,
  UNKNOWN_MEMBER_ID,
} from '../protocol/codes.ts'
import {
  type ClassicMember,
  heartbeat,
  type JoinResult,
  joinGroupV7,
  joinGroupV9,
  leaveGroup,
  syncGroup,
} from '../protocol/groups.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import {
  ASSIGNORS,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './assignors.ts'
import {
  keyOf,
  type MemberOptions,
  type Membership,
  QUIET_FAILURES,
  REBALANCE_TIMEOUT_MS,
} from './membership.ts'

/** Within the broker's bounds (6 s to 30 min). A dead member's partitions are not read for this long. */
const SESSION_TIMEOUT_MS = 10_000
const HEARTBEAT_INTERVAL_MS = 2000
/** A join is answered when the last member has joined or the rebalance timeout has passed. */
const JOIN_LIMIT = REBALANCE_TIMEOUT_MS + 10_000
const LEAVE_TIMEOUT_MS = 3000
/**
 * How often the leader looks for added partitions and recreated topics (ms): classic groups learn of them in
 * no other way.
 */
const LOOK_FOR_PARTITIONS = 10_000
const FIRST_ANSWER = 1000
const JOIN_GROUP = 11
const NONE = -1

export class ClassicMembership implements Membership {
  memberId = ''
  epoch = NONE
  readonly instanceId: string | null
  readonly #cluster: Cluster
  readonly #options: MemberOptions
  readonly #lane: string
  readonly #owned = new Map<string, TopicPartition>()
  /** The topics whose partitions were assigned, if this member is the leader. */
  #shared: ReadonlyMap<string, TopicInfo | undefined> | undefined
  /** Whether another process joined under this one's lasting name. It stays out, or they would alternate. */
  #replaced = false
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>

  constructor(cluster: Cluster, options: MemberOptions) {
    this.#cluster = cluster
    this.#options = options
    this.instanceId = cluster.config.instanceId ?? null
    this.#lane = `group-${options.groupId}-${lanes++}`
    this.#done = this.#run()
  }

  get joined(): boolean {
    return this.epoch > NONE
  }

  owns(partition: TopicPartition): boolean {
    return this.#owned.has(keyOf(partition))
  }

  async leave(): Promise<void> {
    this.#stopping.abort()
    // A join that waits for other members is cut off by closing its connection. The first answer to a join
    // comes at once, though, and brings the member id: without it this member could not leave, and the group
    // would wait for it until its session ends.
    const patience = this.joined ? LEAVE_TIMEOUT_MS : this.memberId === '' ? FIRST_ANSWER : 0
    if (!(await settledWithin(this.#done, patience))) await this.#cluster.closeLanes(this.#lane)
    this.#owned.clear()
    if (this.memberId !== '' && this.instanceId === null) {
      await settledWithin(
        this.#coordinator().then((coordinator) =>
          this.#cluster.call(coordinator, this.#lane, leaveGroup, this.#member()),
        ),
        LEAVE_TIMEOUT_MS,
      )
    }
    this.epoch = NONE
    await this.#cluster.closeLanes(this.#lane)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#join(signal)
        failures = 0
        await this.#heartbeats(signal)
      } catch (error) {
        if (signal.aborted) return
        // Whatever ended this round of membership, its workers must end with it, or they would run beside
        // those of the next one.
        if (this.#owned.size > 0) {
          this.#owned.clear()
          this.#options.listener.abandon()
        }
        const failure = asKafkaError(error, `Membership in group ${this.#options.groupId}`)
        if (!failure.retriable || failure.code === 'fenced' || failures >= QUIET_FAILURES)
          this.#options.listener.failed(failure)
        if (this.#replaced) return
        this.#cluster.forgetCoordinator(GROUP, this.#options.groupId)
        await pause(backoff(failures++, 50, 2000), signal)
      }
    }
  }

  async #join(signal: AbortSignal): Promise<void> {
    this.epoch = NONE
    const { groupId, topics, listener } = this.#options
    const protocols = [...ASSIGNORS.keys()].map((name) => ({ name, metadata: encodeSubscription(topics) }))
    const coordinator = await this.#coordinator()
    const { newest } = await this.#cluster.versions(coordinator)
    const joined = await this.#cluster.callFor(
      JOIN_LIMIT,
      coordinator,
      this.#lane,
      (newest.get(JOIN_GROUP) ?? 0) >= 9 ? joinGroupV9 : joinGroupV7,
      groupId,
      this.memberId,
      this.instanceId,
      SESSION_TIMEOUT_MS,
      REBALANCE_TIMEOUT_MS,
      protocols,
    )
    if (joined.errorCode === MEMBER_ID_REQUIRED) {
      this.memberId = joined.memberId
      if (!signal.aborted) await this.#join(signal)
      return
    }
    this.#check(joined.errorCode, 'Joining')
    this.memberId = joined.memberId
    const { generation } = joined
    const protocol = joined.protocol ?? ''
    this.#shared = undefined
    const assignments =
      joined.leader === joined.memberId ? await this.#assign(joined, protocol) : new Map<string, Buffer>()
    const member = { groupId, memberId: this.memberId, instanceId: this.instanceId, generation }
    const synced = await this.#cluster.callFor(
      JOIN_LIMIT,
      coordinator,
      this.#lane,
      syncGroup,
      member,
      protocol,
      assignments,
    )
    if (synced.errorCode === REBALANCE_IN_PROGRESS && !signal.aborted) return this.#join(signal)
    this.#check(synced.errorCode, 'Taking part in')
    if (signal.aborted) return
    this.epoch = generation
    const partitions = decodeAssignment(synced.assignment)
    for (const partition of partitions) this.#owned.set(keyOf(partition), partition)
    listener.assign(partitions)
  }

  /** As the leader, assigns partitions to all members by the current metadata. */
  async #assign({ members, skipAssignment }: JoinResult, protocol: string): Promise<Map<string, Buffer>> {
    const subscribers = members.map(({ memberId, metadata }) => ({
      memberId,
      topics: decodeSubscription(metadata),
    }))
    const topics = new Set(subscribers.flatMap((subscriber) => subscriber.topics))
    await this.#cluster.refresh(...topics)
    // A broker may not know a topic yet. A group that left it out would settle, and no member would read it.
    for (const topic of topics)
      if (this.#cluster.known(topic) === undefined) await this.#cluster.topic(topic).catch(() => {})
    this.#shared = new Map([...topics].map((topic) => [topic, this.#cluster.known(topic)]))
    if (skipAssignment) return new Map()
    const counts = new Map([...this.#shared].map(([topic, info]) => [topic, info?.partitions.length ?? 0]))
    const shares = ASSIGNORS.get(protocol)!(subscribers, counts)
    return new Map([...shares].map(([memberId, partitions]) => [memberId, encodeAssignment(partitions)]))
  }

  /** Whether there are partitions now that were not assigned. */
  async #grew(): Promise<boolean> {
    const shared = this.#shared
    if (shared === undefined) return false
    await this.#cluster.refresh(...shared.keys())
    return [...shared].some(([topic, before]) => {
      const now = this.#cluster.known(topic)
      return (
        now !== undefined &&
        (now.topicId !== before?.topicId || now.partitions.length > before.partitions.length)
      )
    })
  }

  /**
   * Returns when the group rebalances and everything is drained and committed. Heartbeats continue meanwhile,
   * or the session would end.
   */
  async #heartbeats(signal: AbortSignal): Promise<void> {
    const { groupId, listener } = this.#options
    const generation = this.epoch
    let drained: Promise<void> | undefined
    let looked = Date.now()
    const drain = (): void => {
      drained ??= listener.revoke([...this.#owned.values()]).then(() => {
        if (this.epoch === generation) this.#owned.clear()
      })
    }
    for (let failures = 0; !signal.aborted; ) {
      await (drained === undefined
        ? pause(HEARTBEAT_INTERVAL_MS, signal)
        : settledWithin(drained, HEARTBEAT_INTERVAL_MS))
      if (signal.aborted) return
      if (drained !== undefined && (await settledWithin(drained, 0))) return
      try {
        const { errorCode } = await this.#cluster.call(
          await this.#coordinator(),
          this.#lane,
          heartbeat,
          this.#member(),
        )
        if (errorCode === REBALANCE_IN_PROGRESS) drain()
        else this.#check(errorCode, 'The heartbeat of')
        failures = 0
        if (drained === undefined && Date.now() - looked > LOOK_FOR_PARTITIONS) {
          looked = Date.now()
          // A leader requests another round by joining again.
          if (await this.#grew()) drain()
        }
      } catch (error) {
        if (!this.joined || !(error instanceof KafkaError) || !error.retriable) throw error
        listener.failed(error)
        this.#cluster.forgetCoordinator(GROUP, groupId)
        await pause(backoff(failures++, 50, 1000), signal)
      }
    }
  }

  #check(code: number, what: string): void {
    if (code === OK) return
    const { groupId, listener } = this.#options
    this.#replaced = code === FENCED_INSTANCE_ID
    if (code === UNKNOWN_MEMBER_ID || code === ILLEGAL_GENERATION || this.#replaced) {
      if (code === UNKNOWN_MEMBER_ID) this.memberId = ''
      this.epoch = NONE
      this.#owned.clear()
      listener.abandon()
    }
    if (isTransient(code)) this.#cluster.forgetCoordinator(GROUP, groupId)
    throw brokerError(code, `${what} group ${groupId}`)
  }

  #coordinator(): ReturnType<Cluster['coordinator']> {
    return this.#cluster.coordinator(GROUP, this.#options.groupId)
  }

  #member(): ClassicMember {
    const { memberId, instanceId, epoch: generation } = this
    return { groupId: this.#options.groupId, memberId, instanceId, generation }
  }
}

let lanes = 0
