/**
 * Publishes what every stage did in the last second for the page: one weir/stage-stats record per stage to
 * weir.stats.
 */
import { randomUUID } from 'node:crypto'
import { HEADERS } from '@weir/contracts/headers.ts'
import type { Producer } from '@weir/kafka/port.ts'
import { appendRecord, encodeValue, type ValueWriter } from '@weir/kafka/write.ts'
import type { Logger } from './logger.ts'
import { instance } from './logger.ts'
import type { Resource } from './opening.ts'
import { allStages } from './stages.ts'

const TOPIC = 'weir.stats'
/** The topic has this one partition (contracts/topics.ts). */
const PARTITION = 0
const INTERVAL_MS = 1000

export interface StatsOptions {
  readonly log: Logger
  readonly producer: Producer
  /** The codec's writer of weir.stats. */
  readonly writer: ValueWriter<unknown>
}

/**
 * Starts publishing. Nothing waits for it: statistics that Kafka does not take this second are superseded by
 * the next.
 */
export function publishStats({ log, producer, writer }: StatsOptions): Resource<void> {
  let last = Date.now()
  let underWay = false
  let failing = false

  const publish = async (): Promise<void> => {
    const time = Date.now()
    const intervalMs = Math.max(1, time - last)
    last = time
    const delivery = producer.delivery()
    for (const stage of allStages()) {
      const stats = { stage: stage.name, instance, time, intervalMs, ...stage.takeWindow() }
      appendRecord(delivery, {
        topic: TOPIC,
        partition: PARTITION,
        key: stage.name,
        value: encodeValue(writer, stats),
        headers: { [HEADERS.id]: randomUUID(), [HEADERS.source]: instance },
      })
    }
    const [failure] = await delivery.settled()
    if (failure && !failing)
      log.warn({ err: failure.error }, 'the page does not get the statistics of the stages')
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
