import { expect, test } from 'vitest'
import type { BatchResult, Cause } from '../delivery.ts'
import { DEFAULT_SETTINGS } from '../settings.ts'
import {
  MAX_STATE_BYTES,
  type ReturnedState,
  returnedState,
  TumblingWindows,
  type WindowState,
} from './tumbling-windows.ts'

const SETTINGS = { ...DEFAULT_SETTINGS, batchSize: 2, tumblingMs: 10_000 }
const SHARD = {
  shardId: 'shardId-000000000000',
  eventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
}
const never = new AbortController().signal
const records = (...at: [offset: number, second: number][]) =>
  at.map(([offset, second]) => ({
    identifier: String(offset),
    offset,
    timestamp: second * 1000,
    json: String(offset),
  }))

interface Event {
  records: number[]
  state: any
  window: { start: string; end: string }
  isFinalInvokeForWindow: boolean
  isWindowTerminatedEarly: boolean
  shardId: string
}

/** A function that counts records, unless `answer` returns something else. */
function counting(
  answer?: (event: Event, nth: number) => BatchResult<ReturnedState> | undefined,
  begun?: WindowState,
  settings = SETTINGS,
) {
  const events: Event[] = []
  const abandoned: [offset: number, why: Cause][] = []
  const invoke = async (ids: number[], window: string): Promise<BatchResult<ReturnedState>> => {
    const event = { records: ids, ...JSON.parse(`{${window.slice(1)}}`) } as Event
    events.push(event)
    return answer?.(event, events.length) ?? returning({ count: (event.state.count ?? 0) + ids.length })
  }
  const windows = new TumblingWindows(
    settings,
    SHARD,
    {
      reducing: (window) => (list) =>
        invoke(
          list.map(({ identifier }) => Number(identifier)),
          window(),
        ),
      closing: (window) => async () => {
        const result = await invoke([], window)
        return result.kind === 'success' ? { ...result, response: undefined } : result
      },
      abandon: async (offset, why) => void abandoned.push([offset, why]),
      discard: async () => {},
      now: () => 0,
      pause: async () => {},
    },
    begun,
  )
  return { windows, events, abandoned }
}

const returning = (state: unknown): BatchResult<ReturnedState> => ({
  kind: 'success',
  response: returnedState({ state }),
  failure: undefined,
})

test('a window is reduced batch by batch, and closed by the first record of the next one', async () => {
  const { windows, events } = counting()
  await windows.take(records([0, 1], [1, 2], [2, 9], [3, 10]), never)
  expect(
    events.map(({ records: ids, state, isFinalInvokeForWindow }) => [ids, state, isFinalInvokeForWindow]),
  ).toEqual([
    [[0, 1], {}, false],
    [[2], { count: 2 }, false],
    [[], { count: 3 }, true],
    [[3], {}, false],
  ])
  expect(events[0]).toMatchObject({
    window: { start: '1970-01-01T00:00:00Z', end: '1970-01-01T00:00:10Z' },
    shardId: SHARD.shardId,
    isWindowTerminatedEarly: false,
  })
  expect(windows.current).toEqual({ start: 10_000, state: { count: 1 }, offset: 4 })
  expect(windows.end).toBe(20_000)
  await windows.close(never)
  expect(events.at(-1)).toMatchObject({ records: [], state: { count: 1 }, isFinalInvokeForWindow: true })
  expect(windows.current).toBeUndefined()
})

test('a member that takes a shard over continues its open window', async () => {
  const { windows, events } = counting(undefined, { start: 0, state: { count: 2 }, offset: 2 })
  await windows.take(records([2, 3]), never)
  expect(events.map(({ records: ids, state }) => [ids, state])).toEqual([[[2], { count: 2 }]])
})

test('an answer without a state that can be written is refused', () => {
  const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
  for (const response of [{}, null, 'text', undefined])
    expect(() => returnedState(response)).toThrow('must return its state')
  expect(() => returnedState({ state: deep })).toThrow()
  expect(returnedState({ state: null })).toEqual({ state: null, bytes: 4 })
})

test('a failed invocation is tried again with the same state', async () => {
  const { windows, events } = counting((_, nth) =>
    nth === 1 ? { kind: 'error', error: 'no state' } : undefined,
  )
  await windows.take(records([0, 1]), never)
  expect(events.map(({ records: ids, state }) => [ids, state])).toEqual([
    [[0], {}],
    [[0], {}],
  ])
})

test('a window whose last invocation fails is given up, and the next one begins', async () => {
  const failing = (event: Event): BatchResult<ReturnedState> | undefined =>
    event.isFinalInvokeForWindow ? { kind: 'error', error: 'boom' } : undefined
  const { windows, events, abandoned } = counting(failing, undefined, { ...SETTINGS, maxRetries: 1 })
  await windows.take(records([0, 1], [1, 2], [2, 11]), never)
  expect(events.map(({ records: ids, isFinalInvokeForWindow }) => [ids, isFinalInvokeForWindow])).toEqual([
    [[0, 1], false],
    [[], true],
    [[], true],
    [[2], false],
  ])
  expect(abandoned).toEqual([
    [2, { condition: 'RetryAttemptsExhausted', invocations: 2, reported: false, error: 'boom' }],
  ])
  expect(windows.current?.offset).toBe(3)
})

test('a state of more than 1 MB closes the window early', async () => {
  const { windows, events } = counting((_, nth) =>
    nth === 1 ? returning({ text: 'x'.repeat(MAX_STATE_BYTES) }) : undefined,
  )
  await windows.take(records([0, 1], [1, 1], [2, 1]), never)
  expect(
    events.map(({ records: ids, isFinalInvokeForWindow, isWindowTerminatedEarly }) => [
      ids,
      isFinalInvokeForWindow,
      isWindowTerminatedEarly,
    ]),
  ).toEqual([
    [[0, 1], false, false],
    [[], true, true],
    [[2], false, false],
  ])
  expect(events[2].state).toEqual({})
})
