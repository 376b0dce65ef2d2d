import type { RecordBatch } from '@weir/kafka'
import { metrics } from '@weir/service'
import { expect, test } from 'vitest'
import { resultOf } from './answer.ts'
import { Caller, type Out } from './caller.ts'
import type { CallResult } from './delivery.ts'
import { type FailedBatch, invocationRecord } from './destinations.ts'
import type { KeyedRecord } from './events.ts'
import { DEFAULT_SETTINGS, type Mapping } from './mapping.ts'
import type { OutputRecords } from './output.ts'
import type { DeliverySettings } from './settings.ts'
import type { Place, Stretch } from './stretch.ts'

const never = new AbortController().signal
const PLACE: Place = {
  origin: { kind: 'kafka', topic: 't', partition: 0, bootstrapServers: 'b' },
  shardId: 't-0',
  eventSourceArn: '',
  named: (offset) => ({ identifier: String(offset), timestamp: 0 }),
  event: (records) => `[${records.map(({ json }) => json).join()}]`,
}
const stretch = (count: number): Stretch => ({
  place: PLACE,
  lost: [],
  filtered: 0,
  next: count,
  records: Array.from(
    { length: count },
    (_, n): KeyedRecord => ({ identifier: String(n), timestamp: 0, key: null, offset: n, json: String(n) }),
  ),
})

let count = 0
/** A caller whose function gives `answer` for the offsets of a batch. */
function caller(settings: Partial<DeliverySettings>, answer: (offsets: number[]) => unknown) {
  const name = `caller-${++count}`
  const reports: string[] = []
  const named: FailedBatch[] = []
  const mapping = {
    id: 'id',
    functionName: name,
    settings: { ...DEFAULT_SETTINGS, batchSize: 2, maxRetries: 0, ...settings },
  } as Mapping
  const log = { warn: () => {}, debug: () => {} } as never
  const invoke = async (_name: string, payload: Buffer): Promise<CallResult> => {
    const response = answer(JSON.parse(payload.toString()))
    const executedVersion = '7'
    return typeof response === 'string'
      ? { kind: 'error', error: response, executedVersion }
      : { kind: 'success', response, executedVersion }
  }
  const made = new Caller(
    mapping,
    { log, account: { region: 'r', accountId: '0' }, invoke, report: (result) => reports.push(result) },
    { send: async (batch) => void named.push(batch) },
  )
  const results = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.getSingleMetric('weir_function_invocations_total')!.get()
    return Object.fromEntries(
      values
        .filter(({ labels }) => labels.function === name)
        .map(({ labels, value }) => [labels.result, value]),
    )
  }
  return { made, reports, named, results }
}

/** An output that takes any records, unless the answer is "bad". */
function output(room = 1000): { out: Out; written: unknown[] } {
  const written: unknown[] = []
  const encode = (response: unknown): OutputRecords => {
    if ((response as { bad?: boolean }).bad) throw new Error('a bad record')
    const { records, bytes = 10 } = response as { records: never[]; bytes?: number }
    return { records, bytes }
  }
  return {
    written,
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

test('an answer that cannot be written is a failed invocation: counted, told, retried, split and named', async () => {
  const { made, reports, named, results } = caller({ bisect: true, maxRetries: 1 }, (offsets) =>
    offsets.includes(1) ? { bad: true } : { records: offsets },
  )
  const { out, written } = output()
  await made.handle(stretch(4), out, never)
  expect(written).toEqual([0, 2, 3])
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

test('a batch that reports failures is told as a problem, though its invocation succeeded', async () => {
  const { made, reports, named, results } = caller({ reportItemFailures: true }, () => ({
    records: [],
    batchItemFailures: [{ itemIdentifier: '0' }],
  }))
  await made.handle(
    { ...stretch(1), records: stretch(1).records.map((record) => ({ ...record })) },
    output().out,
    never,
  )
  expect([reports, named.map(({ reported }) => reported), await results()]).toEqual([
    ['PROBLEM: Function call failed'],
    [true],
    { success: 1 },
  ])
})

test('answers are held to what a transaction takes; those that came to nothing give their room back', async () => {
  let tries = 0
  const first = caller({ batchSize: 1, reportItemFailures: true, maxRetries: 3 }, ([offset]) => ({
    records: [offset],
    bytes: 60,
    batchItemFailures: offset === 0 && tries++ < 3 ? [{ itemIdentifier: '0' }] : [],
  }))
  const { out, written } = output(100)
  await first.made.handle(stretch(2), out, never)
  expect([written, first.named.map(({ first: { identifier } }) => identifier)]).toEqual([[0], ['1']])
})

test('a batch that was given up gives its room back', async () => {
  const { made, named } = caller({ batchSize: 1, reportItemFailures: true }, ([offset]) => ({
    records: [offset],
    bytes: 60,
    batchItemFailures: offset === 0 ? [{ itemIdentifier: '0' }] : [],
  }))
  const { out, written } = output(100)
  await made.handle(stretch(2), out, never)
  expect([written, named.map(({ first: { identifier } }) => identifier)]).toEqual([[1], ['0']])
})

test('a batch that the broker port cannot read is named, and where its shard is not known told and counted', async () => {
  const { made, reports, named, results } = caller({}, () => null)
  await made.loseBatch(5, { partition: 0, nextOffset: 9 } as RecordBatch, 'wrong checksum', PLACE, never)
  await made.loseBatch(9, { partition: 0, nextOffset: 10 } as RecordBatch, 'wrong checksum', undefined, never)
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

/** A mapping that reads the answer. */
const READING = { output: 'a-topic', settings: DEFAULT_SETTINGS }

test.each<[Partial<Mapping>, string]>([
  [{ output: 'a-topic' }, 'error'],
  [{ settings: { ...DEFAULT_SETTINGS, reportItemFailures: true } }, 'error'],
  [{ settings: { ...DEFAULT_SETTINGS, tumblingMs: 1000 } }, 'error'],
  [{}, 'success'],
])('an answer that is no JSON to a mapping of %j: %s', (mapping, kind) => {
  const payload = Buffer.from('{"mean": NaN}')
  expect(
    resultOf({ ok: true, payload }, { output: undefined, settings: DEFAULT_SETTINGS, ...mapping }),
  ).toMatchObject({ kind })
})

test('an answer of more objects and arrays than records have room for is refused before it is read', () => {
  const of = (text: string) => resultOf({ ok: true, payload: Buffer.from(text) }, READING)
  expect(of('['.repeat(700_000))).toEqual({
    kind: 'error',
    error: expect.stringContaining('600000 objects and arrays'),
  })
  expect(of(`${'['.repeat(1001)}${']'.repeat(1001)}`)).toEqual({
    kind: 'error',
    error: expect.stringContaining('deeper than 1000 levels'),
  })
  expect(of(JSON.stringify({ records: Array(500_000).fill({ value: 1 }) }))).toMatchObject({
    kind: 'success',
  })
  expect(of(JSON.stringify({ text: '[{"'.repeat(700_000) }))).toMatchObject({ kind: 'success' })
})

test.each([
  ['{"a":1}', { kind: 'success', response: { a: 1 } }],
  ['', { kind: 'success', response: undefined }],
  ['{"a":', { kind: 'error', error: 'The function\'s answer is not JSON: {"a":' }],
])('an answer of %j', (text, expected) => {
  expect(resultOf({ ok: true, payload: Buffer.from(text) }, READING)).toEqual(expected)
  expect(resultOf({ ok: false, payload: Buffer.from(text) }, READING)).toEqual({ kind: 'error', error: text })
})

test.each([
  ['thrown', 'boom'],
  ['reported', { batchItemFailures: [{ itemIdentifier: '0' }] }],
])('a failure that was %s names the version that ran', async (_, answer) => {
  const { made, named } = caller({ reportItemFailures: true }, () => answer)
  await made.handle(stretch(1), undefined, never)
  expect(named.map((batch) => invocationRecord(batch, 'r-1'))).toEqual([
    expect.objectContaining({ responseContext: expect.objectContaining({ executedVersion: '7' }) }),
  ])
})
