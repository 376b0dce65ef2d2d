/** Small records for the suites: keys and values as text. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Delivery,
  type Kafka,
  keyOf,
  NO_HEADERS,
  partitionFor,
  type RecordBatch,
  valueOf,
} from '../index.ts'
import type { Appender, OpenTask, Task } from '../port.ts'

export function append(
  to: Appender,
  topic: string,
  partition: number,
  key: string | null,
  value: string | Buffer | null,
  headers: Buffer = NO_HEADERS,
): void {
  const keyBytes = key === null ? null : Buffer.from(key)
  const valueBytes = value === null ? null : Buffer.from(value)
  to.append(
    topic,
    partition,
    keyBytes,
    0,
    keyBytes?.length ?? 0,
    valueBytes,
    0,
    valueBytes?.length ?? 0,
    headers,
    0,
    headers.length,
  )
}

/** Throws the first failure that the delivery reports. */
export async function stored(delivery: Delivery): Promise<void> {
  const [failure] = await delivery.settled()
  if (failure !== undefined) throw failure.error
}

export function keyText(batch: RecordBatch, i: number): string {
  return keyOf(batch, i)!.toString()
}

export function valueText(batch: RecordBatch, i: number): string {
  return valueOf(batch, i)!.toString()
}

export function values(batch: RecordBatch): string[] {
  return Array.from({ length: batch.length }, (_, i) => valueText(batch, i))
}

/** Sends `count` records `KEY:0`, `KEY:1` … for each of `keys` keys, with Kafka's partitioner. */
export async function produceNumbered(
  kafka: Kafka,
  topic: string,
  keys: number,
  count: number,
  from = 0,
): Promise<void> {
  const partitions = await kafka.partitions(topic)
  const producer = await kafka.producer()
  const delivery = producer.delivery()
  for (let number = from; number < from + count; number++) {
    for (let k = 0; k < keys; k++) {
      const key = `key-${k}`
      append(
        delivery,
        topic,
        partitionFor(Buffer.from(key), 0, key.length, partitions),
        key,
        `${key}:${number}`,
      )
    }
  }
  await stored(delivery)
  await producer.stop()
}

export async function createTopic(
  kafka: Kafka,
  name: string,
  partitions: number,
  configs: Record<string, string> = {},
): Promise<string> {
  await kafka.admin.createTopics([{ name, partitions, replicas: -1, configs }])
  return name
}

/** Resolves when the group has committed the ends of its topics; rejects after `patience` milliseconds. */
export async function caughtUp(kafka: Kafka, groupId: string, patience = 30_000): Promise<void> {
  for (const until = Date.now() + patience; ; await sleep(100)) {
    const lags = await kafka.admin.lag(groupId)
    if (lags.length > 0 && lags.every(({ lag }) => lag === 0)) return
    if (Date.now() > until)
      throw new Error(`${groupId} has not caught up in ${patience} ms: ${JSON.stringify(lags)}`)
  }
}

/** Opens tasks that only process batches. */
export const processing =
  (process: Task['process']): OpenTask =>
  () => ({ process })
