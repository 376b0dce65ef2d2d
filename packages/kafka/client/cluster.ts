/**
 * The cluster as this process knows it: brokers, leaders, topic ids, coordinators, and the API versions that
 * each broker supports.
 */
import type { API, Connection } from '@platformatic/kafka'
import { pause } from '@weir/timing'
import type { KafkaConfig } from '../config.ts'
import { KafkaError } from '../errors.ts'
import type { KafkaLog } from '../log.ts'
import type { Connect } from '../transports/transport.ts'
import { backoff } from './backoff.ts'
import { type Address, addressOf, Connections } from './connections.ts'
import {
  apiVersions,
  type Broker,
  type BrokerVersions,
  type ClusterMetadata,
  type CoordinatorKind,
  findCoordinator,
  metadata,
  type PartitionMetadata,
} from './protocol/cluster.ts'
import {
  brokerError,
  isTransient,
  LEADER_NOT_AVAILABLE,
  TOPIC_AUTHORIZATION_FAILED,
  UNKNOWN_TOPIC_OR_PARTITION,
} from './protocol/codes.ts'
import { untilAgreed } from './topic-ids.ts'

export interface TopicInfo {
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly PartitionMetadata[]
}

/** Metadata is refreshed at this age (ms), since leaders may move without notice. */
const METADATA_AGE = 60_000
/**
 * If no request was answered for this long (ms), no broker counts as connected: one that hangs keeps its
 * connections open.
 */
const SILENCE = 12_000
/** After this long without an answer, metadata is requested, so that silence means something. */
const PING_AFTER_MS = 3_000
/**
 * A refresh starts no sooner than this after the last one: after a leader's death, every caller asks for one.
 */
const REFRESH_PAUSE_MS = 100
const MAIN = 'main'
/**
 * Retries for an unknown topic. Some brokers learn of a new topic a moment later than others; a topic that
 * does not exist is refused after a tenth of a second.
 */
const UNKNOWN_TOPIC_ATTEMPTS = 1

export class Cluster {
  readonly config: KafkaConfig
  readonly log: KafkaLog
  readonly #connections: Connections
  readonly #bootstrap: readonly Address[]
  readonly #brokers = new Map<number, Broker>()
  readonly #topics = new Map<string, TopicInfo>()
  readonly #namesById = new Map<string, string>()
  readonly #versions = new Map<string, Promise<BrokerVersions>>()
  readonly #coordinators = new Map<string, Promise<Broker>>()
  readonly #wanted = new Set<string>()
  readonly #agreeing = new Map<string, Promise<string>>()
  /** Topics that this principal is not authorized to see. */
  readonly #closed = new Set<string>()
  readonly #disconnectListeners = new Set<() => void>()
  readonly #tick: NodeJS.Timeout
  readonly #stopping = new AbortController()
  #refreshing: Promise<void> | undefined
  #refreshed = 0
  #answered = 0

  constructor(config: KafkaConfig, log: KafkaLog, connect: Connect) {
    this.config = config
    this.log = log
    this.#connections = new Connections(config, connect, log, (address) => this.#disconnected(address))
    this.#bootstrap = config.brokers.map((broker) => {
      const colon = broker.lastIndexOf(':')
      return { host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) }
    })
    this.#tick = setInterval(() => this.#keepFresh(), 1000).unref()
  }

  /**
   * Sends one request. Rejects with a KafkaError if there is no answer; error codes in the answer are left to
   * the caller.
   */
  async call<A extends unknown[], R>(broker: Address, lane: string, api: API<A, R>, ...args: A): Promise<R> {
    return this.callFor(undefined, broker, lane, api, ...args)
  }

  /** Like call(), with a time limit of its own, for requests that a broker holds back by design. */
  async callFor<A extends unknown[], R>(
    limit: number | undefined,
    broker: Address,
    lane: string,
    api: API<A, R>,
    ...args: A
  ): Promise<R> {
    const connection = await this.#connections.get(broker, lane, limit)
    try {
      // An API uses nothing of a connection but send().
      const answer = await api.async(connection as unknown as Connection, ...args)
      this.#answered = Date.now()
      this.#connections.answered(broker)
      return answer
    } catch (error) {
      throw this.#connections.failure(error, addressOf(broker))
    }
  }

  versions(broker: Address): Promise<BrokerVersions> {
    const address = addressOf(broker)
    let known = this.#versions.get(address)
    if (known === undefined) {
      known = this.call(broker, MAIN, apiVersions).then((answer) => {
        if (answer.errorCode !== 0) throw new KafkaError('unsupported', `The broker at ${address}`)
        return answer
      })
      known.catch(() => this.#versions.delete(address))
      this.#versions.set(address, known)
    }
    return known
  }

  /**
   * Returns the topic from the cache, or asks for it. Rejects with `unknown-topic`, or with `no-broker` and
   * the like if no broker answers.
   */
  async topic(name: string): Promise<TopicInfo> {
    for (let attempt = 0; !this.#stopping.signal.aborted; attempt++) {
      const known = this.#topics.get(name)
      if (known !== undefined) return known
      const asked = await this.ask([name])
      const answer = asked.topics.find(({ topic }) => topic === name)
      if (this.#topics.has(name)) continue
      const patience = answer?.errorCode === LEADER_NOT_AVAILABLE ? 20 : UNKNOWN_TOPIC_ATTEMPTS
      if (attempt >= patience)
        throw brokerError(answer?.errorCode ?? UNKNOWN_TOPIC_OR_PARTITION, `Looking up ${name}`)
      await pause(backoff(attempt, 50, 500), this.#stopping.signal)
    }
    throw new KafkaError('stopped', `Looking up ${name}`)
  }

  /** Returns the cached topic; undefined until topic() or a refresh has fetched it. */
  known(name: string): TopicInfo | undefined {
    return this.#topics.get(name)
  }

  /** Whether the name now belongs to another topic, according to the cached metadata. */
  isOther(name: string, topicId: string): boolean {
    const known = this.#topics.get(name)
    return known !== undefined && known.topicId !== topicId
  }

  /** Whether this principal lacks the right to see the topic, according to a broker's last answer. */
  mayNotSee(topic: string): boolean {
    return this.#closed.has(topic)
  }

  /**
   * Returns the topic's id once all brokers that answer give the same one: a broker that lags behind still
   * gives the id of the deleted topic. Rejects with `unknown-topic`, or with `no-broker` if the brokers do
   * not agree.
   */
  agreedId(topic: string): Promise<string> {
    let agreeing = this.#agreeing.get(topic)
    if (agreeing === undefined) {
      agreeing = this.#agree(topic).finally(() => this.#agreeing.delete(topic))
      this.#agreeing.set(topic, agreeing)
    }
    return agreeing
  }

  async #agree(topic: string): Promise<string> {
    const ask = async (): Promise<ClusterMetadata[]> => {
      if (this.#stopping.signal.aborted) throw new KafkaError('stopped', `Looking up ${topic}`)
      await this.refresh(topic)
      const asked = await Promise.allSettled(
        this.brokers.map((broker) => this.call(broker, MAIN, metadata, [topic])),
      )
      return asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    }
    this.#learn(await untilAgreed(topic, ask, ({ topics }) => topics[0]?.topicId))
    return (await this.topic(topic)).topicId
  }

  nameOf(topicId: string): string | undefined {
    return this.#namesById.get(topicId)
  }

  /** Returns undefined while the partition has no known leader. */
  leader(topic: string, partition: number): Broker | undefined {
    const leader = this.#topics.get(topic)?.partitions[partition]?.leader
    return leader === undefined ? undefined : this.#brokers.get(leader)
  }

  get brokers(): readonly Broker[] {
    return [...this.#brokers.values()]
  }

  /** Returns the broker that accepts changes to topics. Rejects with `no-broker` while there is none. */
  async controller(): Promise<Broker> {
    const { controllerId } = await this.ask([])
    const controller = this.#brokers.get(controllerId)
    if (controller === undefined) throw new KafkaError('no-broker', 'The cluster does not have a controller')
    return controller
  }

  broker(nodeId: number): Broker | undefined {
    return this.#brokers.get(nodeId)
  }

  /**
   * Requests the metadata of all topics in use again. Never rejects: a caller that needs the result reads the
   * cache and tries again.
   */
  refresh(...topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#wanted.add(topic)
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  coordinator(kind: CoordinatorKind, key: string): Promise<Broker> {
    const name = `${kind} ${key}`
    let known = this.#coordinators.get(name)
    if (known === undefined) {
      known = this.#findCoordinator(kind, key)
      known.catch(() => this.#coordinators.delete(name))
      this.#coordinators.set(name, known)
    }
    return known
  }

  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind} ${key}`)
  }

  /** Calls `listener` whenever a connection to a broker ends. */
  onDisconnect(listener: () => void): void {
    this.#disconnectListeners.add(listener)
  }

  offDisconnect(listener: () => void): void {
    this.#disconnectListeners.delete(listener)
  }

  #disconnected(address: string): void {
    this.#versions.delete(address)
    for (const listener of this.#disconnectListeners) listener()
  }

  /** Closes the connections of all lanes whose names start with `prefix`. */
  closeLanes(prefix: string): Promise<void> {
    return this.#connections.closeLanes(prefix)
  }

  connected(): boolean {
    return this.#connections.alive && Date.now() - this.#answered < SILENCE
  }

  async stop(): Promise<void> {
    clearInterval(this.#tick)
    this.#stopping.abort()
    await this.#connections.close()
  }

  async #findCoordinator(kind: CoordinatorKind, key: string): Promise<Broker> {
    for (let attempt = 0; ; attempt++) {
      const { errorCode, broker } = await this.anywhere((address) =>
        this.call(address, MAIN, findCoordinator, key, kind),
      )
      if (errorCode === 0) {
        this.#brokers.set(broker.nodeId, broker)
        return broker
      }
      if (!isTransient(errorCode) || attempt >= 10 || this.#stopping.signal.aborted)
        throw brokerError(errorCode, `Looking for the coordinator of ${key}`)
      await pause(backoff(attempt, 50, 500), this.#stopping.signal)
    }
  }

  async #refresh(): Promise<void> {
    await pause(this.#refreshed + REFRESH_PAUSE_MS - Date.now(), this.#stopping.signal)
    try {
      await this.ask([...this.#wanted])
    } catch (error) {
      this.log.debug({ error }, 'No broker answered the metadata request')
    }
    this.#refreshed = Date.now()
  }

  async ask(topics: readonly string[]): Promise<ClusterMetadata> {
    const answer = await this.anywhere((address) => this.call(address, MAIN, metadata, topics))
    this.#learn(answer)
    return answer
  }

  #learn(answer: ClusterMetadata): void {
    if (answer.brokers.length > 0) {
      this.#brokers.clear()
      for (const broker of answer.brokers) this.#brokers.set(broker.nodeId, broker)
    }
    for (const { errorCode, topic, topicId, partitions } of answer.topics) {
      if (errorCode === TOPIC_AUTHORIZATION_FAILED) this.#closed.add(topic)
      else this.#closed.delete(topic)
      if (errorCode === 0) {
        this.#wanted.add(topic)
        this.#topics.set(topic, { topic, topicId, partitions })
        this.#namesById.set(topicId, topic)
      } else if (errorCode === UNKNOWN_TOPIC_OR_PARTITION) {
        this.#topics.delete(topic)
      }
    }
  }

  /**
   * Asks the connected brokers first, then the others, each in random order, and the brokers of the
   * configuration last.
   */
  async anywhere<R>(ask: (address: Address) => Promise<R>): Promise<R> {
    const known = [...this.#brokers.values()].map((broker) => ({
      broker,
      rank: (this.#connections.has(broker) ? 0 : 1) + Math.random() / 2,
    }))
    const candidates: Address[] = [
      ...known.sort((a, b) => a.rank - b.rank).map(({ broker }) => broker),
      ...this.#bootstrap,
    ]
    let last: unknown
    for (const candidate of candidates) {
      if (this.#stopping.signal.aborted) break
      try {
        return await ask(candidate)
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable) throw error
        last = error
      }
    }
    throw last ?? new KafkaError('stopped', 'Asking the brokers')
  }

  /**
   * Runs every second. Refreshes if the metadata is old or no broker has answered lately, so that connected()
   * is accurate.
   */
  #keepFresh(): void {
    if (
      !this.connected() ||
      Date.now() - this.#answered > PING_AFTER_MS ||
      Date.now() - this.#refreshed > METADATA_AGE
    )
      void this.refresh()
  }
}
