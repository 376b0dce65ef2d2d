import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConfig } from '../../config.ts'
import { KafkaError } from '../../errors.ts'
import type { KafkaLog } from '../../log.ts'
import type { Delivery, Producer } from '../../port.ts'
import { CODEC_NUMBER } from '../../records/codecs.ts'
import { Cluster } from './cluster.ts'
import { OpenDelivery } from './delivery.ts'
import { type Buffered, PartitionQueue } from './partition-queue.ts'

/** Bytes that may be accepted and not settled; more are refused with `buffer-full`. */
const BUFFER_BYTES = 64 * 1024 * 1024
const DEFAULT_DRAIN = 10_000

export class KafkaJsProducer implements Producer {
  readonly #cluster: Cluster
  readonly #buffered: Buffered
  readonly #queues = new Map<string, PartitionQueue[]>()
  #stopped: Promise<void> | undefined

  constructor(config: KafkaConfig, log: KafkaLog) {
    this.#cluster = new Cluster(config, log)
    this.#buffered = {
      cluster: this.#cluster,
      codec: CODEC_NUMBER[config.compression],
      bytes: 0,
      admit: (bytes) => this.#admit(bytes),
    }
  }

  connect(): Promise<void> {
    return this.#cluster.connect()
  }

  delivery(): Delivery {
    return new OpenDelivery((topic, partition) => this.#queue(topic, partition))
  }

  get bufferedBytes(): number {
    return this.#buffered.bytes
  }

  stop(drainMs = DEFAULT_DRAIN): Promise<void> {
    this.#stopped ??= this.#stop(drainMs)
    return this.#stopped
  }

  async #stop(drainMs: number): Promise<void> {
    const queues = [...this.#queues.values()].flatMap((partitions) => Object.values(partitions))
    const drained = Promise.all(queues.map((queue) => queue.idle))
    const late = new AbortController()
    await Promise.race([drained, sleep(drainMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    for (const queue of queues)
      queue.fail(new KafkaError('stopped', `Records for ${queue.topic} were not sent in time`))
    this.#cluster.close()
    await drained
  }

  #queue(topic: string, partition: number): PartitionQueue {
    let partitions = this.#queues.get(topic)
    if (partitions === undefined) this.#queues.set(topic, (partitions = []))
    return (partitions[partition] ??= new PartitionQueue(topic, partition, this.#buffered))
  }

  #admit(bytes: number): void {
    if (this.#stopped !== undefined) throw new KafkaError('stopped', 'The producer takes no more records')
    if (this.#buffered.bytes + bytes > BUFFER_BYTES)
      throw new KafkaError('buffer-full', `More than ${BUFFER_BYTES} bytes wait to be stored`)
  }
}
