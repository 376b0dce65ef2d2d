import { KafkaError, type RecordBatch } from '@weir/kafka'
import { metrics } from '@weir/service'
import { expect, test, vi } from 'vitest'
import type { Functions } from '../functions.ts'
import { type BatchDestination, type DiscardedBatch, invocationRecord } from './destinations.ts'
import { Discards } from './discards.ts'
import { Invoker } from './invoker.ts'
import type { Mapping } from './mapping.ts'
import type { OutputRecords } from './output.ts'
import { DEFAULT_SETTINGS, type DeliverySettings } from './settings.ts'
import type { KeyedRecord, ShardSlice, SourceShard } from './slice.ts'
import { type OutputTransaction, SliceDelivery } from './slice-delivery.ts'

const never = new AbortController().signal
const SHARD: SourceShard = {
  shardId: 't-0',
  eventSourceArn: '',
  partition: 0,
  recordAt: (offset) => ({ identifier: String(offset), timestamp: 0 }),
  event: (records) => `[${records.map(({ json }) => json).join()}]`,
  batchInfo: () => ({}),
}
const slice = (count: number): ShardSlice => ({
  shard: SHARD,
  lost: [],
  filtered: 0,
  next: count,
  records: Array.from(
    { length: count },
    (_, n): KeyedRecord => ({ identifier: String(n), timestamp: 0, key: null, offset: n, json: String(n) }),
  ),
})

let count = 0
/** A delivery to a function that returns `respond` for the offsets of a batch, or fails with a text. */
function delivery(
  settings: Partial<DeliverySettings>,
  respond: (offsets: number[]) => unknown,
  send?: BatchDestination['send'],
) {
  const name = `delivery-${++count}`
  const reports: string[] = []
  const named: DiscardedBatch[] = []
  const mapping = {
    id: 'id',
    functionName: name,
    output: 'a-topic',
    settings: { ...DEFAULT_SETTINGS, batchSize: 2, maxRetries: 0, ...settings },
  } as Mapping
  const log = { warn: () => {}, debug: () => {} } as never
  const invoke: Functions['invoke'] = async (_name, payload) => {
    const response = respond(JSON.parse(payload.toString()))
    const measured = { durationMs: 0, maxMemoryMb: 0, initMs: undefined, logTail: '', executedVersion: '7' }
    return typeof response === 'string'
      ? { ...measured, ok: false, kind: 'handled', payload: Buffer.from(response) }
      : { ...measured, ok: true, payload: Buffer.from(JSON.stringify(response)) }
  }
  const invoker = new Invoker(mapping, {
    log,
    functions: { invoke },
    report: (result) => reports.push(result),
  })
  const discards = new Discards(mapping, {
    invoker,
    report: (result) => reports.push(result),
    destination: { send: send ?? (async (batch) => void named.push(batch)) },
    account: { region: 'r', accountId: '0' },
    log,
  })
  const made = new SliceDelivery(mapping.settings, invoker, discards)
  const results = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.getSingleMetric('weir_function_invocations_total')!.get()
    return Object.fromEntries(
      values
        .filter(({ labels }) => labels.function === name)
        .map(({ labels, value }) => [labels.result, value]),
    )
  }
  return { made, discards, reports, named, results }
}

/** An output that accepts any records, unless the response is "bad". */
function output(room = 1000): { out: OutputTransaction; written: unknown[]; encoded: unknown[] } {
  const written: unknown[] = []
  const encoded: unknown[] = []
  const encode = (response: unknown): OutputRecords => {
    encoded.push(response)
    if ((response as { bad?: boolean }).bad) throw new Error('a bad record')
    const { records, bytes = 10 } = response as { records: never[]; bytes?: number }
    return { records, bytes }
  }
  return {
    written,
    encoded,
    out: {
      room,
      appender: {} as never,
      output: {
        prepare: () => undefined,
        encode,
        append: (_out, { records }) => void written.push(...records),
      },
    },
  }
}

test('an invocation whose response cannot be written counts as failed: it is reported, retried, split and given up', async () => {
  const { made, reports, named, results } = delivery({ bisect: true, maxRetries: 1 }, (offsets) =>
    offsets.includes(1) ? { bad: true } : { records: offsets },
  )
  const { out, written, encoded } = output()
  await made.deliver(slice(4), out, never)
  expect(written).toEqual([0, 2, 3])
  // Each response is read once, including those of successes.
  expect(encoded).toHaveLength(5)
  expect(
    named.map(({ first, last, condition, invocations, reported, error }) => [
      first.identifier,
      last.identifier,
      condition,
      invocations,
      reported,
      error,
    ]),
  ).toEqual([['1', '1', 'RetryAttemptsExhausted', 3, false, 'a bad record']])
  expect(reports).toEqual([
    'PROBLEM: Function call failed',
    'OK',
    'PROBLEM: Function call failed',
    'PROBLEM: Function call failed',
    'OK',
  ])
  expect(await results()).toEqual({ success: 2, error: 3 })
})

test('a batch with reported failures is shown as a problem, although its invocation succeeded', async () => {
  const { made, reports, named, results } = delivery({ reportItemFailures: true }, () => ({
    records: [],
    batchItemFailures: [{ itemIdentifier: '0' }],
  }))
  await made.deliver(
    { ...slice(1), records: slice(1).records.map((record) => ({ ...record })) },
    output().out,
    never,
  )
  expect([reports, named.map(({ reported }) => reported), await results()]).toEqual([
    ['PROBLEM: Function call failed'],
    [true],
    { success: 1 },
  ])
})

test('responses are limited to a transaction, and failed ones release their share', async () => {
  let tries = 0
  const first = delivery({ batchSize: 1, reportItemFailures: true, maxRetries: 3 }, ([offset]) => ({
    records: [offset],
    bytes: 60,
    batchItemFailures: offset === 0 && tries++ < 3 ? [{ itemIdentifier: '0' }] : [],
  }))
  const { out, written } = output(100)
  await first.made.deliver(slice(2), out, never)
  expect([written, first.named.map(({ first: { identifier } }) => identifier)]).toEqual([[0], ['1']])
})

test('a batch that was given up releases its share', async () => {
  const { made, named } = delivery({ batchSize: 1, reportItemFailures: true }, ([offset]) => ({
    records: [offset],
    bytes: 60,
    batchItemFailures: offset === 0 ? [{ itemIdentifier: '0' }] : [],
  }))
  const { out, written } = output(100)
  await made.deliver(slice(2), out, never)
  expect([written, named.map(({ first: { identifier } }) => identifier)]).toEqual([[1], ['0']])
})

test('an unreadable batch is named to the destination, or is only reported if its shard is unknown', async () => {
  const { discards, reports, named, results } = delivery({}, () => null)
  await discards.loseBatch(5, { partition: 0, nextOffset: 9 } as RecordBatch, 'wrong checksum', SHARD, never)
  await discards.loseBatch(
    9,
    { partition: 0, nextOffset: 10 } as RecordBatch,
    'wrong checksum',
    undefined,
    never,
  )
  expect(named).toEqual([
    expect.objectContaining({
      condition: 'DESERIALIZATION_ERROR',
      first: { identifier: '5', timestamp: 0 },
      last: { identifier: '8', timestamp: 0 },
      count: 4,
    }),
  ])
  expect([reports, await results()]).toEqual([
    ['PROBLEM: wrong checksum', 'PROBLEM: wrong checksum'],
    { error: 2 },
  ])
})

test.each([
  ['thrown', 'boom'],
  ['reported', { batchItemFailures: [{ itemIdentifier: '0' }] }],
])('a failure that was %s names the version that ran', async (_, answer) => {
  const { made, named } = delivery({ reportItemFailures: true }, () => answer)
  await made.deliver(slice(1), undefined, never)
  expect(named.map((batch) => invocationRecord(batch, 'r-1'))).toEqual([
    expect.objectContaining({ responseContext: expect.objectContaining({ executedVersion: '7' }) }),
  ])
})

test('a destination that does not accept a record is reported as the reason why its partition waits', async () => {
  const refusing = Promise.withResolvers<void>()
  const { made, discards, reports } = delivery(
    { maxRetries: 0 },
    () => 'it throws',
    async (_batch, _id, _signal, failed) => {
      failed!(new KafkaError('too-large', 'The record has 500 bytes; the topic takes 200.'))
      await refusing.promise
    },
  )
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const done = made.deliver(slice(1), output().out, never)
    await vi.waitFor(() => expect(reports.at(-1)).toContain('does not accept a record (too-large)'))
    const mine = { topic: 't', partition: 0, position: 7, startOffset: 0, endOffset: 9 }
    expect(discards.stalled([mine])).toEqual([])
    vi.setSystemTime(Date.now() + 31_000)
    expect(discards.stalled([mine, { ...mine, partition: 1 }])).toMatchObject([
      {
        topic: 't',
        partition: 0,
        offset: 7,
        reason: 'its on-failure destination does not accept a record (too-large)',
        tolerated: true,
      },
    ])
    refusing.resolve()
    await done
    expect(discards.stalled([mine])).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})
