/**
 * The input of the windows: readings of keys, out of order by less than the windows wait for. Every partition ends
 * with a record that closes all windows before it. A value has the event time and the reading, eight bytes each.
 */
import { random } from '@weir/codec/testing/values.ts'
import { appendRecord, partitionOfKey, writeRecords } from '@weir/kafka'
import type { Context } from '../context.ts'

export const PARTITIONS = 4
export const WINDOW_MS = 10_000
export const DISORDER_MS = 5_000
const KEYS = 1_000
/** Each key has ten readings a second. */
const READINGS_PER_MS = KEYS / 100
const MAX_DISORDER_MS = 4_000
const BATCH = 5_000
const VALUE_BYTES = 16

export interface Input {
  readonly topic: string
  /** The records of the topic. */
  readonly records: number
  /** "key start" of each window, and its "count sum min max". */
  readonly results: ReadonlyMap<string, string>
  /** The time of the records that close all windows. */
  readonly closesAt: number
}

interface Totals {
  count: number
  sum: number
  min: number
  max: number
}

/** Numbers below 2^53 as eight bytes. */
export const readLong = (bytes: Buffer, at: number): number =>
  bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)

function valueOf(timeMs: number, reading: number): Buffer {
  const value = Buffer.alloc(VALUE_BYTES)
  value.writeBigInt64BE(BigInt(timeMs), 0)
  value.writeBigInt64BE(BigInt(reading), 8)
  return value
}

/** Writes the readings, and computes what their windows come to. */
export async function writeReadings({ kafka }: Context, topic: string, count: number): Promise<Input> {
  await kafka.admin.createTopics([{ name: topic, partitions: PARTITIONS, replicas: 1, configs: {} }])
  const producer = await kafka.producer()
  const next = random(1)
  const keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`truck-${String(i).padStart(4, '0')}`))
  const partitions = keys.map((key) => partitionOfKey(key, PARTITIONS))
  const startMs = Date.now() - count / READINGS_PER_MS
  const totals = new Map<string, Totals>()
  for (let from = 0; from < count; from += BATCH)
    await writeRecords(producer, (out) => {
      for (let i = from; i < Math.min(count, from + BATCH); i++) {
        const number = Math.floor(next() * KEYS)
        const timeMs = Math.floor(startMs + i / READINGS_PER_MS - next() * MAX_DISORDER_MS)
        const reading = Math.floor(next() * 1_000_000)
        add(totals, `${keys[number]} ${timeMs - (timeMs % WINDOW_MS)}`, reading)
        const value = valueOf(timeMs, reading)
        appendRecord(out, { topic, partition: partitions[number], key: keys[number], value })
      }
    })
  await producer.stop()
  const results = new Map<string, string>()
  for (const [window, { count, sum, min, max }] of totals)
    results.set(window, `${count} ${sum} ${min} ${max}`)
  const input = {
    topic,
    records: count + PARTITIONS,
    results,
    closesAt: Math.ceil(startMs + count / READINGS_PER_MS) + WINDOW_MS + DISORDER_MS,
  }
  await closeWindows({ kafka }, input)
  return input
}

function add(totals: Map<string, Totals>, window: string, reading: number): void {
  let found = totals.get(window)
  if (found === undefined) totals.set(window, (found = { count: 0, sum: 0, min: Infinity, max: -Infinity }))
  found.count++
  found.sum += reading
  found.min = Math.min(found.min, reading)
  found.max = Math.max(found.max, reading)
}

/** Writes a record to each partition after which all windows are closed, except for its own. */
export async function closeWindows(
  { kafka }: Pick<Context, 'kafka'>,
  { topic, closesAt }: Pick<Input, 'topic' | 'closesAt'>,
): Promise<void> {
  const producer = await kafka.producer()
  await writeRecords(producer, (out) => {
    for (let partition = 0; partition < PARTITIONS; partition++)
      appendRecord(out, { topic, partition, key: `end-${partition}`, value: valueOf(closesAt, 0) })
  })
  await producer.stop()
}

/** Fails if the topic does not have the result of every window once, and nothing else. */
export async function checkResults({ kafka }: Context, output: string, { results }: Input): Promise<void> {
  const found = new Set<string>()
  // A handler that threw would be given the same records again.
  const faults: string[] = []
  const reading = await kafka.read({ topics: [output], from: 'earliest', until: 'end' }, (batch) => {
    for (let i = 0; i < batch.length; i++) {
      const key = batch.bytes.toString('latin1', batch.keyStart[i], batch.keyEnd[i])
      const [start, ...totals] = batch.bytes
        .toString('latin1', batch.valueStart[i], batch.valueEnd[i])
        .split(' ')
      const window = `${key} ${start}`
      const [result, expected] = [totals.join(' '), results.get(window)]
      if (found.has(window)) faults.push(`the window ${window} twice`)
      if (result !== expected) faults.push(`the window ${window} with ${result} instead of ${expected}`)
      found.add(window)
    }
  })
  await reading.done
  if (found.size !== results.size) faults.push(`${found.size} windows out of ${results.size}`)
  if (faults.length > 0)
    throw new Error(`${output} has ${faults[0]}; the number of such faults is ${faults.length}.`)
}
