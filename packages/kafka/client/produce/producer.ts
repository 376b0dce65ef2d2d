/**
 * The idempotent producer. Each partition has one batch in flight, and each request carries everything that
 * is ready for its broker. Appends of one turn of the event loop go out together.
 */

import { pause } from '@weir/timing'
import { KafkaError } from '../../errors.ts'
import type { Delivery, Producer } from '../../port.ts'
import { CODEC_NUMBER } from '../../records/codecs.ts'
import { backoff, settledWithin } from '../backoff.ts'
import type { Cluster } from '../cluster.ts'
import { asKafkaError } from '../failure.ts'
import type { Broker } from '../protocol/cluster.ts'
import {
  brokerError,
  DUPLICATE_SEQUENCE,
  INVALID_PRODUCER_EPOCH,
  isTransient,
  MESSAGE_TOO_LARGE,
  OK,
  OUT_OF_ORDER_SEQUENCE,
  RECORD_LIST_TOO_LARGE,
  TOPIC_AUTHORIZATION_FAILED,
  UNKNOWN_PRODUCER_ID,
  UNKNOWN_SERVER_ERROR,
  UNKNOWN_TOPIC_OR_PARTITION,
} from '../protocol/codes.ts'
import { type ProduceResult, produceV9 } from '../protocol/produce.ts'
import { initProducerId, type ProducerIdentity } from '../protocol/transactions.ts'
import { QueuedDelivery, type Queues } from './delivery.ts'
import { PartitionQueue } from './partition-queue.ts'

const MAX_BUFFERED = 64 * 1024 * 1024
const DELIVERY_TIMEOUT_MS = 30_000
/** How long an unknown topic is retried: some brokers learn of a new topic later than others. */
const UNKNOWN_TOPIC_PATIENCE_MS = 5000
const REQUEST_BYTES = 8 * 1024 * 1024
/**
 * A broker answers the requests of one connection in order: while it stores one, the next is already at the
 * broker.
 */
const REQUESTS_PER_BROKER = 2
const LANE = 'produce'

export class IdempotentProducer implements Producer, Queues {
  readonly #cluster: Cluster
  readonly #codec: number
  readonly #queues = new Map<string, PartitionQueue[]>()
  readonly #ready = new Set<PartitionQueue>()
  readonly #inFlight = new Map<number, number>()
  readonly #idle: (() => void)[] = []
  #identity: ProducerIdentity
  #scheduled = false
  #wakeUp: NodeJS.Timeout | undefined
  #stopped = false
  bufferedBytes = 0

  /** Rejects with not-authorized, or after 30 s with the reason why no broker returned a producer id. */
  static async open(cluster: Cluster): Promise<IdempotentProducer> {
    return new IdempotentProducer(cluster, await newIdentity(cluster))
  }

  constructor(cluster: Cluster, identity: ProducerIdentity) {
    this.#cluster = cluster
    this.#identity = identity
    this.#codec = CODEC_NUMBER[cluster.config.compression]
  }

  delivery(): Delivery {
    return new QueuedDelivery(this)
  }

  async stop(drainMs = 10_000): Promise<void> {
    this.#stopped = true
    if (this.bufferedBytes > 0)
      await settledWithin(new Promise<void>((resolve) => this.#idle.push(resolve)), drainMs)
    clearTimeout(this.#wakeUp)
    for (const queues of this.#queues.values()) {
      for (const queue of queues) {
        if (queue?.batches.length > 0)
          this.#free(
            queue.failAll(new KafkaError('stopped', `Writing to ${queue.topic}/${queue.partition}`), true),
          )
      }
    }
  }

  queue(topic: string, partition: number): PartitionQueue {
    let queues = this.#queues.get(topic)
    if (queues === undefined) this.#queues.set(topic, (queues = []))
    return (queues[partition] ??= new PartitionQueue(topic, partition))
  }

  admit(bytes: number): void {
    if (this.#stopped) throw new KafkaError('stopped', 'The producer does not accept more records')
    if (this.bufferedBytes + bytes > MAX_BUFFERED)
      throw new KafkaError('buffer-full', `${this.bufferedBytes} bytes are waiting for the brokers`)
  }

  appended(queue: PartitionQueue, bytes: number): void {
    this.bufferedBytes += bytes
    if (!queue.inFlight) this.#ready.add(queue)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#sendReady()
    })
  }

  /**
   * Sends what is ready, grouped by leader. A queue that has no leader, is paused, or has a busy broker stays
   * ready.
   */
  #sendReady(): void {
    const now = Date.now()
    const byLeader = new Map<Broker, PartitionQueue[]>()
    let earliest = Infinity
    for (const queue of this.#ready) {
      if (queue.pausedUntil > now) {
        earliest = Math.min(earliest, queue.pausedUntil)
        continue
      }
      const leader = this.#cluster.leader(queue.topic, queue.partition)
      if (leader === undefined) {
        this.#withoutLeader(queue)
        earliest = Math.min(earliest, queue.pausedUntil)
        continue
      }
      if ((this.#inFlight.get(leader.nodeId) ?? 0) >= REQUESTS_PER_BROKER) continue
      const group = byLeader.get(leader)
      if (group === undefined) byLeader.set(leader, [queue])
      else group.push(queue)
    }
    for (const [leader, queues] of byLeader) void this.#send(leader, queues)
    if (earliest < Infinity) {
      clearTimeout(this.#wakeUp)
      this.#wakeUp = setTimeout(() => this.#schedule(), Math.max(1, earliest - now))
    }
  }

  async #send(leader: Broker, candidates: readonly PartitionQueue[]): Promise<void> {
    this.#inFlight.set(leader.nodeId, (this.#inFlight.get(leader.nodeId) ?? 0) + 1)
    const sent: { queue: PartitionQueue; topic: string; partition: number; records: Buffer }[] = []
    let size = 0
    for (const queue of candidates) {
      const { topic, partition } = queue
      if (queue.exhausted) {
        this.#renew(queue)
        continue
      }
      const records = this.#finish(queue)
      if (records === undefined) continue
      if (size > 0 && size + records.length > REQUEST_BYTES) continue
      size += records.length
      queue.inFlight = true
      this.#ready.delete(queue)
      sent.push({ queue, topic, partition, records })
    }
    try {
      const results = sent.length === 0 ? [] : await this.#cluster.call(leader, LANE, produceV9, null, sent)
      const answers = new Map(results.map((result) => [`${result.topic}/${result.partition}`, result]))
      for (const { queue, topic, partition } of sent)
        this.#answered(queue, answers.get(`${topic}/${partition}`))
    } catch (error) {
      for (const { queue } of sent)
        this.#unanswered(queue, asKafkaError(error, `Writing to ${queue.topic}/${queue.partition}`))
    }
    this.#inFlight.set(leader.nodeId, this.#inFlight.get(leader.nodeId)! - 1)
    if (this.#ready.size > 0) this.#sendReady()
  }

  /**
   * Returns undefined if the batch cannot be made, for instance because of its codec. That failure is our
   * own, and must not stop the other partitions.
   */
  #finish(queue: PartitionQueue): Buffer | undefined {
    try {
      return queue.front(this.#identity, this.#codec)
    } catch (error) {
      this.#fail(queue, asKafkaError(error, `Building a batch for ${queue.topic}/${queue.partition}`), false)
      return undefined
    }
  }

  #answered(queue: PartitionQueue, answer: ProduceResult | undefined): void {
    const what = `Writing to ${queue.topic}/${queue.partition}`
    queue.inFlight = false
    if (queue.batches.length === 0) return // failed meanwhile, by stop()
    if (answer === undefined)
      return this.#unanswered(queue, new KafkaError('internal', `${what} was not answered`))
    const code = answer.errorCode
    if (code === OK || code === DUPLICATE_SEQUENCE)
      this.#free(queue.stored(answer.baseOffset, answer.appendTime))
    else if (code === UNKNOWN_TOPIC_OR_PARTITION)
      return this.#retry(queue, brokerError(code, what), UNKNOWN_TOPIC_PATIENCE_MS)
    else if (isTransient(code)) return this.#retry(queue, brokerError(code, what), DELIVERY_TIMEOUT_MS)
    else if (code === MESSAGE_TOO_LARGE || code === RECORD_LIST_TOO_LARGE) {
      this.#free(queue.batches[0].writer.count > 1 ? queue.split() : queue.refused(brokerError(code, what)))
    } else {
      const unknown =
        code === OUT_OF_ORDER_SEQUENCE ||
        code === UNKNOWN_PRODUCER_ID ||
        code === INVALID_PRODUCER_EPOCH ||
        code === UNKNOWN_SERVER_ERROR
      this.#fail(queue, brokerError(code, what), unknown)
    }
    if (queue.batches.length > 0) this.#ready.add(queue)
  }

  /**
   * Retries the batch. The outcome is unknown, but the sequence tells the broker whether it has stored the
   * batch before.
   */
  #unanswered(queue: PartitionQueue, error: KafkaError): void {
    queue.inFlight = false
    const lost = error.code === 'no-broker'
    this.#retry(
      queue,
      lost
        ? new KafkaError('timeout', `Writing to ${queue.topic}/${queue.partition} lost its connection`, error)
        : error,
      DELIVERY_TIMEOUT_MS,
    )
  }

  #withoutLeader(queue: PartitionQueue): void {
    const { topic, partition } = queue
    if (this.#cluster.mayNotSee(topic))
      return this.#fail(
        queue,
        brokerError(TOPIC_AUTHORIZATION_FAILED, `Writing to ${topic}/${partition}`),
        false,
      )
    const known = this.#cluster.known(topic)
    const missing = known === undefined || partition >= known.partitions.length
    // Only after a broker has answered is it known whether the topic is missing or only not known yet.
    if (missing && this.#cluster.connected()) {
      this.#retry(
        queue,
        brokerError(UNKNOWN_TOPIC_OR_PARTITION, `Writing to ${topic}/${partition}`),
        UNKNOWN_TOPIC_PATIENCE_MS,
      )
    } else
      this.#retry(
        queue,
        queue.lastError ?? new KafkaError('no-broker', `${topic}/${partition} does not have a leader`),
        DELIVERY_TIMEOUT_MS,
      )
  }

  #retry(queue: PartitionQueue, error: KafkaError, patience: number): void {
    const [front] = queue.batches
    if (front === undefined) return // failed meanwhile, by stop()
    if (Date.now() - front.created > patience) return this.#fail(queue, error, true)
    queue.lastError = error
    queue.pausedUntil = Date.now() + backoff(queue.attempts++, 20, 1000)
    this.#ready.add(queue)
    this.#schedule()
    void this.#cluster.refresh(queue.topic)
  }

  #fail(queue: PartitionQueue, error: KafkaError, outcomeUnknown: boolean): void {
    this.#cluster.log.warn(
      { topic: queue.topic, partition: queue.partition, code: error.code },
      error.message,
    )
    this.#ready.delete(queue)
    this.#free(queue.failAll(error, outcomeUnknown))
  }

  #renew(queue: PartitionQueue): void {
    queue.pausedUntil = Infinity
    newIdentity(this.#cluster).then(
      (identity) => {
        this.#identity = identity
        queue.adopt(identity)
        queue.pausedUntil = 0
        this.#schedule()
      },
      (error) => {
        queue.pausedUntil = 0
        this.#fail(queue, asKafkaError(error, 'Requesting a producer id'), false)
      },
    )
  }

  #free(bytes: number): void {
    this.bufferedBytes -= bytes
    if (this.bufferedBytes === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }
}

async function newIdentity(cluster: Cluster): Promise<ProducerIdentity> {
  const deadline = Date.now() + DELIVERY_TIMEOUT_MS
  for (let attempt = 0; ; attempt++) {
    try {
      return await askForIdentity(cluster)
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable || Date.now() > deadline) throw error
      await pause(backoff(attempt, 50, 1000))
    }
  }
}

async function askForIdentity(cluster: Cluster): Promise<ProducerIdentity> {
  const { errorCode, ...identity } = await cluster.anywhere((broker) =>
    cluster.call(broker, 'main', initProducerId, null, -1),
  )
  if (errorCode !== 0) throw brokerError(errorCode, 'Requesting a producer id')
  return identity
}
