import { expect, test } from 'vitest'
import { batchesOf, stripesOf } from './batches.ts'
import { type BatchResult, type DeliveryPort, deliver, type EventRecord, firstFailure } from './delivery.ts'
import { DEFAULT_SETTINGS, type DeliverySettings } from './settings.ts'

/** How the function of a test ended, before its response is read. */
type CallResult =
  | { readonly kind: 'success'; readonly response: unknown }
  | Exclude<BatchResult<unknown>, { readonly kind: 'success' }>

const records = (...ids: number[]): EventRecord[] =>
  ids.map((id) => ({ identifier: String(id), timestamp: id * 1000, json: String(id) }))
const idsOf = (list: readonly EventRecord[]): number[] => list.map(({ identifier }) => Number(identifier))

/**
 * Runs a batch against `handler` and returns every invocation, and every record that succeeded or was given
 * up, in order.
 */
async function run(
  settings: Partial<DeliverySettings>,
  batch: EventRecord[],
  handler: (ids: number[], nth: number) => CallResult,
  now = 0,
) {
  const invocations: number[][] = []
  const done: number[] = []
  const pauses: number[] = []
  const discarded: { ids: number[]; condition: string; invocations: number; reported: boolean }[] = []
  const port: DeliveryPort<undefined> = {
    invoke: async (list) => {
      invocations.push(idsOf(list))
      const result = handler(idsOf(list), invocations.length)
      if (result.kind !== 'success') return result
      return {
        kind: 'success',
        response: undefined,
        failure: settings.reportItemFailures ? firstFailure(result.response, list) : undefined,
      }
    },
    discard: async (list, { condition, invocations: count, reported }) => {
      discarded.push({ ids: idsOf(list), condition, invocations: count, reported })
      done.push(...idsOf(list))
    },
    succeeded: (list) => done.push(...idsOf(list)),
    now: () => now,
    pause: async (ms) => void pauses.push(ms),
  }
  await deliver(batch, { ...DEFAULT_SETTINGS, ...settings }, port, new AbortController().signal)
  return { invocations, done, discarded, pauses }
}

const SUCCESS: CallResult = { kind: 'success', response: null }
const ERROR: CallResult = { kind: 'error', error: 'boom' }
const failing = (...ids: number[]): CallResult => ({
  kind: 'success',
  response: { batchItemFailures: ids.map((id) => ({ itemIdentifier: String(id) })) },
})
/** Throws if one of these is in the batch. */
const poison =
  (...bad: number[]) =>
  (ids: number[]): CallResult =>
    ids.some((id) => bad.includes(id)) ? ERROR : SUCCESS

test('a failing batch is tried again as a whole until it succeeds', async () => {
  const { invocations, done } = await run({}, records(1, 2), (_, nth) => (nth < 4 ? ERROR : SUCCESS))
  expect(invocations).toEqual([
    [1, 2],
    [1, 2],
    [1, 2],
    [1, 2],
  ])
  expect(done).toEqual([1, 2])
})

test('MaximumRetryAttempts gives a batch up after that many retries', async () => {
  const { invocations, discarded } = await run({ maxRetries: 2 }, records(1, 2), () => ERROR)
  expect(invocations).toHaveLength(3)
  expect(discarded).toEqual([
    { ids: [1, 2], condition: 'RetryAttemptsExhausted', invocations: 3, reported: false },
  ])
})

test('MaximumRetryAttempts 0 means no retry', async () => {
  expect((await run({ maxRetries: 0 }, records(1), () => ERROR)).invocations).toHaveLength(1)
})

test('the pause before a retry doubles each time, up to half a minute', async () => {
  const { pauses } = await run({ maxRetries: 11 }, records(1), () => ERROR)
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
})

test('a throttled invocation does not count as a retry', async () => {
  const { invocations, done } = await run({ maxRetries: 0 }, records(1), (_, nth) =>
    nth < 10 ? { kind: 'throttled' } : SUCCESS,
  )
  expect([invocations.length, done]).toEqual([10, [1]])
})

test('MaximumRecordAge gives old records up before another invocation, and delivers the others', async () => {
  const { invocations, discarded, done } = await run(
    { maxAgeMs: 5000 },
    records(1, 2, 8),
    () => SUCCESS,
    8000,
  )
  expect(discarded).toEqual([
    { ids: [1, 2], condition: 'RecordAgeExceeded', invocations: 0, reported: false },
  ])
  expect([invocations, done]).toEqual([[[8]], [1, 2, 8]])
})

test('BisectBatchOnFunctionError splits a batch until the bad record is alone, and splits do not count as retries', async () => {
  const { invocations, discarded, done } = await run(
    { bisect: true, maxRetries: 1 },
    records(1, 2, 3, 4),
    poison(3),
  )
  expect(invocations).toEqual([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]])
  expect(discarded).toEqual([
    { ids: [3], condition: 'RetryAttemptsExhausted', invocations: 4, reported: false },
  ])
  expect(done).toEqual([1, 2, 3, 4])
})

test('ReportBatchItemFailures repeats a batch from its lowest failure on', async () => {
  const { invocations, done } = await run({ reportItemFailures: true }, records(1, 2, 3, 4), (_, nth) =>
    nth === 1 ? failing(4, 2) : nth === 2 ? failing(4) : SUCCESS,
  )
  expect(invocations).toEqual([[1, 2, 3, 4], [2, 3, 4], [4]])
  expect(done).toEqual([1, 2, 3, 4])
})

test('ReportBatchItemFailures counts retries anew after a part has succeeded', async () => {
  const fails = (ids: number[]): CallResult => (ids.includes(6) ? failing(6) : SUCCESS)
  const { invocations, discarded } = await run(
    { reportItemFailures: true, maxRetries: 3 },
    records(4, 5, 6),
    fails,
  )
  expect(invocations).toEqual([[4, 5, 6], [6], [6], [6], [6]])
  expect(discarded).toEqual([
    { ids: [6], condition: 'RetryAttemptsExhausted', invocations: 4, reported: true },
  ])
})

test('ReportBatchItemFailures passes a response on with the records that succeeded', async () => {
  const responses: [number[], string][] = []
  await deliver(
    records(1, 2, 3),
    { ...DEFAULT_SETTINGS, reportItemFailures: true },
    {
      invoke: async (list) => ({
        kind: 'success',
        response: `of ${list.length}`,
        failure: list.length === 3 ? { index: 1, error: 'two' } : undefined,
      }),
      discard: async () => {},
      succeeded: (list, response) => responses.push([idsOf(list), response]),
      now: () => 0,
      pause: async () => {},
    },
    new AbortController().signal,
  )
  expect(responses).toEqual([
    [[1], 'of 3'],
    [[2, 3], 'of 2'],
  ])
})

test('a partial answer without the setting ReportBatchItemFailures does not count as a failure', async () => {
  expect((await run({}, records(1), () => failing(1))).done).toEqual([1])
})

test('a partial answer decides where a batch is split', async () => {
  const handler = (ids: number[]): CallResult => (ids.includes(3) ? failing(3) : SUCCESS)
  const { invocations, discarded } = await run(
    { bisect: true, reportItemFailures: true, maxRetries: 1 },
    records(1, 2, 3, 4),
    handler,
  )
  expect(invocations).toEqual([
    [1, 2, 3, 4],
    [3, 4],
    [3, 4],
  ])
  expect(discarded).toEqual([
    { ids: [3, 4], condition: 'RetryAttemptsExhausted', invocations: 2, reported: true },
  ])
})

test('errors and partial answers may alternate while a batch is split', async () => {
  // Throws while record 1 is in the batch; otherwise names record 3.
  const handler = (ids: number[]): CallResult =>
    ids.includes(1) ? ERROR : ids.includes(3) ? failing(3) : SUCCESS
  const { invocations, discarded, done } = await run(
    { bisect: true, reportItemFailures: true, maxRetries: 0 },
    records(1, 2, 3, 4),
    handler,
  )
  expect(invocations).toEqual([[1, 2, 3, 4], [1, 2], [1], [2], [3, 4]])
  expect(discarded.map(({ ids, reported }) => [ids, reported])).toEqual([
    [[1], false],
    [[3, 4], true],
  ])
  expect(done).toEqual([1, 2, 3, 4])
})

test.each([
  ['null', null, undefined],
  ['undefined', undefined, undefined],
  ['an empty text', '', undefined],
  ['an empty object', {}, undefined],
  ['a null list', { batchItemFailures: null }, undefined],
  ['an empty list', { batchItemFailures: [] }, undefined],
  ['a list of something else', { batchItemFailures: 'x' }, 0],
  ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }, 0],
  ['a null identifier', { batchItemFailures: [{ itemIdentifier: null }] }, 0],
  ['an item without an identifier', { batchItemFailures: [{}] }, 0],
  ['null in the list', { batchItemFailures: [null] }, 0],
  ['an unknown identifier', { batchItemFailures: [{ itemIdentifier: '2' }, { itemIdentifier: '99' }] }, 0],
  ['several identifiers', { batchItemFailures: [{ itemIdentifier: '3' }, { itemIdentifier: '2' }] }, 1],
])('a partial answer of %s fails from the right record on, or not at all', (_, response, index) => {
  expect(firstFailure(response, records(1, 2, 3))?.index).toBe(index)
})

test.each([
  ['partition and offset', { partition: 'orders-3', offset: 2 }, 1],
  ['the offset as text', { partition: 'orders-3', offset: '2' }, 1],
  ['the offset alone', '2', 0],
  ['another partition', { partition: 'orders-4', offset: 2 }, 0],
  ['an unknown offset', { partition: 'orders-3', offset: 9 }, 0],
  ['the partition alone', { partition: 'orders-3' }, 0],
  ['null', null, 0],
])('a record of Kafka that is named by %s fails from the right record on', (_, itemIdentifier, index) => {
  const batch = records(1, 2, 3).map((record) => ({ ...record, partition: 'orders-3' }))
  expect(firstFailure({ batchItemFailures: [{ itemIdentifier }] }, batch)?.index).toBe(index)
})

test('an aborted batch ends at once and neither succeeds nor is given up', async () => {
  const abort = new AbortController()
  const done: unknown[] = []
  const port: DeliveryPort<undefined> = {
    invoke: async () => {
      abort.abort()
      return { kind: 'success', response: undefined, failure: undefined }
    },
    discard: async () => {
      done.push('discarded')
    },
    succeeded: () => done.push('succeeded'),
    now: () => 0,
    pause: async () => {},
  }
  await expect(deliver(records(1), DEFAULT_SETTINGS, port, abort.signal)).rejects.toThrow()
  expect(done).toEqual([])
})

/**
 * Whatever fails, and however: each record is finished exactly once, in order, and no record is invoked past
 * an unfinished one.
 */
test('a thousand random functions finish each record exactly once and in order', async () => {
  let seed = 7
  const random = (n: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n
  for (let i = 0; i < 1000; i++) {
    const batch = records(...Array.from({ length: 1 + random(12) }, (_, n) => n + 1))
    const bad = new Set(batch.filter(() => random(5) === 0).map(({ identifier }) => Number(identifier)))
    const settings = { bisect: random(2) === 0, reportItemFailures: random(2) === 0, maxRetries: random(4) }
    const partial = random(2) === 0
    const { done, invocations } = await run(settings, batch, (ids) => {
      if (random(10) === 0) return { kind: 'throttled' }
      if (random(10) === 0) return ERROR
      const first = ids.find((id) => bad.has(id))
      return first === undefined ? SUCCESS : partial ? failing(first) : ERROR
    })
    expect(done).toEqual(idsOf(batch))
    for (const ids of invocations) expect(ids).toEqual(Array.from(ids, (_, n) => ids[0] + n))
  }
})

test('batches keep their maximum of records and of 6 MB', () => {
  expect(batchesOf(records(1, 2, 3, 4, 5), 2).map(idsOf)).toEqual([[1, 2], [3, 4], [5]])
  const large = records(1, 2, 3).map((record) => ({ ...record, json: 'x'.repeat(3 << 20) }))
  expect(batchesOf(large, 100).map(idsOf)).toEqual([[1], [2], [3]])
})

test('stripes keep the records of a key together and in order', () => {
  const keyed = Array.from({ length: 100 }, (_, n) => ({ key: Buffer.from(`key-${n % 7}`), n }))
  const stripes = stripesOf(keyed, 4)
  expect(stripes.flat().length).toBe(100)
  for (const key of new Set(keyed.map((record) => String(record.key)))) {
    expect(stripes.filter((stripe) => stripe.some((record) => String(record.key) === key))).toHaveLength(1)
  }
  for (const stripe of stripes)
    expect(stripe.map(({ n }) => n)).toEqual(stripe.map(({ n }) => n).toSorted((a, b) => a - b))
})
