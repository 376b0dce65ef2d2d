/** The records of a source as they are delivered. */
import { deaggregate } from '@weir/aws'
import { HEADERS } from '@weir/contracts/headers.ts'
import type { DeliveryStream } from '@weir/deliveries'
import { headerOf, type Kafka, type RecordBatch, type Task, valueOf } from '@weir/kafka'
import { failureIn } from './part.ts'

/** Returns a batch with other values or times. It has the same offsets, since objects are ranges of them. */
export type View = (batch: RecordBatch) => RecordBatch

/** Undefined if records are delivered as they are. @param current the delivery stream as it is now */
export function viewOf(
  { type, destination: { processing } }: DeliveryStream,
  current: () => DeliveryStream,
): View | undefined {
  if (processing !== undefined) return (batch) => withArrivals(withFailures(batch))
  if (type !== 'KinesisStreamAsSource') return undefined
  return (batch) => {
    const separator = current().destination.delimiter ? LINE_FEED : NOTHING
    return withValues(batch, (i) => {
      const value = valueOf(batch, i)
      return value === null ? undefined : unpacked(value, separator)
    })
  }
}

/** The task sees batches through the view, and so do the batches that it reads again. */
export function viewing(view: View | undefined, kafka: DeliveryKafka, open: OpenDelivery): Task {
  if (view === undefined) return open(kafka)
  const task = open({
    offsetAt: (topic, partition, time) => kafka.offsetAt(topic, partition, time),
    fetch: async (topic, partition, offset, maxBytes) =>
      view(await kafka.fetch(topic, partition, offset, maxBytes)),
  })
  return {
    begin: (positions, signal) => task.begin?.(positions, signal),
    process: (batch, out, signal) => task.process(view(batch), out, signal),
    tick: (now, out, signal) => task.tick?.(now, out, signal),
    end: () => task.end?.(),
  }
}

type DeliveryKafka = Pick<Kafka, 'fetch' | 'offsetAt'>
type OpenDelivery = (kafka: DeliveryKafka) => Task

const LINE_FEED = Buffer.from('\n')
const NOTHING = Buffer.alloc(0)

/**
 * Returns the records that the Kinesis Producer Library has aggregated in one, with the separator between them;
 * undefined for any other record. They are not larger than the aggregate, which has more bytes of its own for each.
 */
function unpacked(value: Buffer, separator: Buffer): Buffer | undefined {
  const records = deaggregate(value)
  if (records === undefined || records.length === 0) return undefined
  return Buffer.concat(records.flatMap(({ data }, i) => (i === 0 ? [data] : [separator, data])))
}

/** @param valueFor returns the value of record i if it has another one */
function withValues(batch: RecordBatch, valueFor: (i: number) => Buffer | undefined): RecordBatch {
  const changed = new Map<number, Buffer>()
  for (let i = 0; i < batch.length; i++) {
    const other = valueFor(i)
    if (other !== undefined) changed.set(i, other)
  }
  if (changed.size === 0) return batch
  const valueStart = batch.valueStart.slice()
  const valueEnd = batch.valueEnd.slice()
  let end = batch.bytes.length
  for (const [i, value] of changed) {
    valueStart[i] = end
    valueEnd[i] = end += value.length
  }
  return { ...batch, bytes: Buffer.concat([batch.bytes, ...changed.values()]), valueStart, valueEnd }
}

/** Records that could not be processed are lines of JSON with their data (Firehose developer guide). */
const withFailures = (batch: RecordBatch): RecordBatch =>
  withValues(batch, (i) => {
    const failure = failureIn(batch, i)
    if (failure === undefined) return undefined
    const { outputType: _, ...shown } = failure
    return Buffer.from(
      JSON.stringify({ ...shown, rawData: (valueOf(batch, i) ?? NOTHING).toString('base64') }),
    )
  })

/** Processed records are as old as they were at their source. */
function withArrivals(batch: RecordBatch): RecordBatch {
  const timestamps = batch.timestamps.slice()
  for (let i = 0; i < batch.length; i++) {
    const arrivedAt = Number(headerOf(batch, i, HEADERS.arrivedAt)?.toString('latin1') || Number.NaN)
    if (arrivedAt >= 0 && arrivedAt <= MAX_TIME) timestamps[i] = arrivedAt
  }
  return { ...batch, timestamps }
}

/** The latest time of a Date, ms. */
const MAX_TIME = 8.64e15
