/**
 * Finds the brokers, leaders and coordinators to ask, over connections that are opened when needed and
 * discarded when they fail.
 */
import type { KafkaConfig } from '../../config.ts'
import { KafkaError } from '../../errors.ts'
import type { KafkaLog } from '../../log.ts'
import { type ClusterMetadata, metadata } from '../platformatic/protocol/cluster.ts'
import { untilAgreed } from '../topic-ids.ts'
import { brokerError, toKafkaError, typeOf } from './errors.ts'
import { Link } from './link.ts'
import { flexible } from './protocol/flexible.ts'
import { seeds } from './security.ts'

/** Coordinator types, as FindCoordinator numbers them. */
export const COORDINATOR = { group: 0, transaction: 1 } as const

export const UNKNOWN_TOPIC = 3
const NO_LEADER = -1

export class Cluster {
  readonly config: KafkaConfig
  readonly log: KafkaLog
  /** Connections, open or opening, by node and slot. */
  readonly #links = new Map<string, Promise<Link>>()
  readonly #addresses = new Map<number, [host: string, port: number]>()
  /** The leaders of each topic, by partition. */
  readonly #leaders = new Map<string, number[]>()
  readonly #ids = new Map<string, string>()
  readonly #topics = new Set<string>()
  /** The error code with which brokers refused a topic's metadata, by topic. */
  readonly #refusals = new Map<string, number>()
  #controller = NO_LEADER
  #home: Link | undefined
  #homing: Promise<Link> | undefined
  /** The address that failed last; it is tried last. */
  #silent = ''
  #refreshing: Promise<void> | undefined
  /** Number of topics in the request that is in flight. */
  #asked = 0
  #closed = false

  constructor(config: KafkaConfig, log: KafkaLog) {
    this.config = config
    this.log = log
  }

  /** Rejects with a KafkaError if no broker answers or the login fails. */
  async connect(): Promise<void> {
    await this.refresh()
  }

  get connected(): boolean {
    return this.#home?.open ?? false
  }

  /**
   * Returns a connection to any broker: the one that answered last, otherwise a known one, otherwise one of
   * the configuration.
   */
  any(): Promise<Link> {
    if (this.#home?.open) return Promise.resolve(this.#home)
    this.#homing ??= this.#findHome().finally(() => {
      this.#homing = undefined
    })
    return this.#homing
  }

  async #findHome(): Promise<Link> {
    let failure: unknown
    const silent = this.#silent
    const known = [...this.#addresses.values(), ...seeds(this.config)]
    const isSilent = ([host, port]: [string, number]): number => Number(`${host}:${port}` === silent)
    for (const [host, port] of known.sort((a, b) => isSilent(a) - isSilent(b))) {
      this.#failIfClosed()
      try {
        this.#home = await Link.open(host, port, this.config, this.log)
        if (this.#closed) this.#home.close()
        this.#failIfClosed()
        return this.#home
      } catch (error) {
        this.#silent = `${host}:${port}`
        failure = error
      }
    }
    throw toKafkaError(failure, `No broker of ${this.config.brokers.join(', ')} can be used`)
  }

  /**
   * Returns a connection to that broker. A broker answers the requests of one connection one after the other,
   * so callers that must not wait for each other use different slots. A fetch that waits for records has its
   * own.
   */
  link(node: number, slot: number | 'fetch' = 0): Promise<Link> {
    const name = `${node}/${slot}`
    const known = this.#links.get(name)
    if (known !== undefined) {
      return known.then((link) => {
        if (link.open) return link
        if (this.#links.get(name) === known) this.#links.delete(name)
        return this.link(node, slot)
      })
    }
    const opening = this.#open(node)
    this.#links.set(name, opening)
    opening.catch(() => this.#links.get(name) === opening && this.#links.delete(name))
    return opening
  }

  async #open(node: number): Promise<Link> {
    this.#failIfClosed()
    const address = this.#addresses.get(node)
    if (address === undefined) throw brokerError(NODE_UNKNOWN)
    const link = await Link.open(...address, this.config, this.log)
    if (this.#closed) link.close()
    this.#failIfClosed()
    return link
  }

  /** Returns a connection to the broker that accepts changes to topics. */
  async controller(): Promise<Link> {
    await this.refresh()
    return this.link(this.#controller)
  }

  get nodes(): readonly number[] {
    return [...this.#addresses.keys()]
  }

  /** The leader's node id; -1 while it is unknown, in which case the caller should refresh(). */
  leader(topic: string, partition: number): number {
    this.#topics.add(topic)
    return this.#leaders.get(topic)?.[partition] ?? NO_LEADER
  }

  /** Forgets a leader that turned out not to be one. */
  forgetLeader(topic: string, partition: number): void {
    const leaders = this.#leaders.get(topic)
    if (leaders !== undefined) leaders[partition] = NO_LEADER
  }

  /** Rejects with `unknown-topic`, or `not-authorized`. */
  async partitions(topic: string): Promise<number> {
    this.#topics.add(topic)
    if (!this.#leaders.has(topic)) await this.refresh()
    const leaders = this.#leaders.get(topic)
    if (leaders !== undefined) return leaders.length
    this.#topics.delete(topic)
    throw toKafkaError(
      brokerError(this.#refusals.get(topic) ?? UNKNOWN_TOPIC),
      `Topic ${topic} cannot be used`,
    )
  }

  /** Rejects as partitions() does. */
  async topicId(topic: string): Promise<string> {
    await this.partitions(topic)
    return this.#ids.get(topic)!
  }

  /** Whether the name now belongs to another topic, according to the cached metadata. */
  isOther(topic: string, topicId: string): boolean {
    const known = this.#ids.get(topic)
    return known !== undefined && known !== topicId
  }

  /**
   * Returns the topic's id once all brokers that answer give the same one: a broker that lags behind still
   * gives the id of the deleted topic. Rejects as partitions() does, or with `no-broker` if the brokers do
   * not agree.
   */
  async agreedId(topic: string): Promise<string> {
    this.#topics.add(topic)
    const ask = async (): Promise<ClusterMetadata[]> => {
      await this.refresh()
      const name = async (node: number) => (await this.link(node)).send(flexible(metadata, [topic]))
      const asked = await Promise.allSettled(this.nodes.map(name))
      return asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    }
    this.#learn(await untilAgreed(topic, ask, ({ topics }) => topics[0]?.topicId))
    return this.topicId(topic)
  }

  /**
   * Reads the metadata of the topics in use. Calls during a refresh share it, unless it does not cover their
   * topic.
   */
  refresh(): Promise<void> {
    if (this.#refreshing !== undefined)
      return this.#asked === this.#topics.size
        ? this.#refreshing
        : this.#refreshing.then(() => this.refresh())
    this.#refreshing = this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #refresh(): Promise<void> {
    const link = await this.any()
    const topics = [...this.#topics]
    this.#asked = topics.length
    try {
      this.#learn(await link.send(flexible(metadata, topics)))
    } catch (error) {
      this.#silent = link.address
      link.close()
      throw toKafkaError(error, 'The metadata cannot be read')
    }
  }

  #learn({ controllerId, brokers, topics }: ClusterMetadata): void {
    this.#controller = controllerId
    this.#addresses.clear()
    for (const { nodeId, host, port } of brokers) this.#addresses.set(nodeId, [host, port])
    for (const { topic, topicId, errorCode, partitions } of topics) {
      if (!this.#topics.has(topic)) continue
      if (errorCode === 0) {
        this.#refusals.delete(topic)
        this.#ids.set(topic, topicId)
        this.#leaders.set(
          topic,
          partitions.map(({ leader }) => leader),
        )
      } else {
        this.#refusals.set(topic, errorCode)
        this.#ids.delete(topic)
        this.#leaders.delete(topic)
      }
    }
  }

  /** Returns the node that coordinates the group or transactional id. Rejects while none is elected. */
  async coordinator(type: number, key: string): Promise<number> {
    const link = await this.any()
    const { coordinator } = await link.call('GroupCoordinator', { groupId: key, coordinatorType: type })
    if (!this.#addresses.has(coordinator.nodeId))
      this.#addresses.set(coordinator.nodeId, [coordinator.host, coordinator.port])
    return coordinator.nodeId
  }

  /** Closes all connections: everything that waits on them fails, and new ones are opened when needed. */
  reconnect(): void {
    this.#home?.close()
    for (const link of this.#links.values())
      link.then(
        (open) => open.close(),
        () => {},
      )
    this.#links.clear()
  }

  close(): void {
    this.#closed = true
    this.reconnect()
  }

  #failIfClosed(): void {
    if (this.#closed) throw new KafkaError('stopped', 'The client is stopped')
  }
}

/** BROKER_NOT_AVAILABLE */
const NODE_UNKNOWN = 8

/** Errors that a retry may resolve, at another broker or at the same one a little later. */
const PASSING = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
  'CORRUPT_MESSAGE',
])

/** True if another attempt, perhaps at another broker, can succeed. */
export function passing(error: unknown): boolean {
  if (error instanceof KafkaError) return error.retriable && error.code !== 'stopped'
  const type = typeOf(error)
  if (type !== undefined) return PASSING.has(type)
  const { name } = error as Error
  return (
    name === 'KafkaJSConnectionError' ||
    name === 'KafkaJSConnectionClosedError' ||
    name === 'KafkaJSRequestTimeoutError'
  )
}
