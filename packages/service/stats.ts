/**
 * Publishes what every stage did in the last second for the page: one weir/stage-stats record per stage to
 * weir.stats.
 */
import { randomUUID } from 'node:crypto'
import type { Producer } from '@weir/kafka/port.ts'
import { encodeHeaders } from '@weir/kafka/records/headers.ts'
import type { Logger } from './logger.ts'
import { instance } from './logger.ts'
import type { Resource } from './opening.ts'
import { allStages } from './stages.ts'

const TOPIC = 'weir.stats'
/** The topic has this one partition (contracts/topics.ts). */
const PARTITION = 0
const INTERVAL_MS = 1000
/** A record is about 120 bytes. */
const MAX_BYTES = 4096

export interface StatsOptions {
  readonly log: Logger
  readonly producer: Producer
  /**
   * @weir/codec's writer of weir.stats: returns the position after the value, negative if it does not fit.
   */
  readonly writer: { encode(value: unknown, into: Buffer, at: number): number }
}

/**
 * Starts publishing. Nothing waits for it: statistics that Kafka does not take this second are superseded by
 * the next.
 */
export function publishStats({ log, producer, writer }: StatsOptions): Resource<void> {
  const into = Buffer.allocUnsafe(MAX_BYTES)
  let last = Date.now()
  let underWay = false
  let failing = false

  const publish = async (): Promise<void> => {
    const time = Date.now()
    const intervalMs = Math.max(1, time - last)
    last = time
    const delivery = producer.delivery()
    for (const stage of allStages()) {
      const end = writer.encode(
        { stage: stage.name, instance, time, intervalMs, ...stage.takeWindow() },
        into,
        0,
      )
      const key = Buffer.from(stage.name)
      const headers = encodeHeaders({ 'weir-id': randomUUID(), 'weir-source': instance })
      delivery.append(TOPIC, PARTITION, key, 0, key.length, into, 0, end, headers, 0, headers.length)
    }
    const [failure] = await delivery.settled()
    if (failure && !failing) log.warn({ err: failure.error }, 'the page misses the statistics of the stages')
    failing = failure !== undefined
  }

  const timer = setInterval(() => {
    if (underWay) return
    underWay = true
    publish()
      .catch((error) => log.error({ err: error }, 'the statistics of the stages could not be published'))
      .finally(() => {
        underWay = false
      })
  }, INTERVAL_MS)
  return { value: undefined, stop: () => clearInterval(timer) }
}
