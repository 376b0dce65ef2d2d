import { expect, test } from 'vitest'
import type { InvokeResult } from './delivery.ts'
import { DEFAULT_SETTINGS } from './mapping.ts'
import { MOST_STATE_BYTES, Windows, type WindowState } from './windows.ts'

const SETTINGS = { ...DEFAULT_SETTINGS, batchSize: 2, tumblingMs: 10_000 }
const ORIGIN = { shardId: 'shardId-000000000000', eventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s' }
const never = new AbortController().signal
const records = (...at: [offset: number, second: number][]) => at.map(([offset, second]) => ({ identifier: String(offset), offset, timestamp: second * 1000, json: String(offset) }))

interface Event { records: number[], state: any, window: { start: string, end: string }, isFinalInvokeForWindow: boolean, isWindowTerminatedEarly: boolean, shardId: string }

/** A function that counts records, unless `answer` says something else. */
function counting(answer?: (event: Event, nth: number) => InvokeResult | undefined, saved?: WindowState) {
  const events: Event[] = []
  const saves: (WindowState | undefined)[] = []
  const windows = new Windows(SETTINGS, ORIGIN, {
    invoke: async (list, window) => {
      const event = { records: list.map(({ identifier }) => Number(identifier)), ...JSON.parse(`{${window.slice(1)}}`) } as Event
      events.push(event)
      return answer?.(event, events.length) ?? { kind: 'success', response: { state: { count: (event.state.count ?? 0) + list.length } } }
    },
    discard: async () => {}, save: async (state) => void saves.push(state), now: () => 0, pause: async () => {},
  }, saved)
  return { windows, events, saves }
}

test('a window is reduced batch by batch and closed by the first record of the next one', async () => {
  const { windows, events, saves } = counting()
  await windows.take(records([0, 1], [1, 2], [2, 9], [3, 10]), 4, never)
  expect(events.map(({ records: ids, state, isFinalInvokeForWindow }) => [ids, state, isFinalInvokeForWindow])).toEqual([
    [[0, 1], {}, false], [[2], { count: 2 }, false], [[], { count: 3 }, true], [[3], {}, false],
  ])
  expect(events[0]).toMatchObject({ window: { start: '1970-01-01T00:00:00Z', end: '1970-01-01T00:00:10Z' }, shardId: ORIGIN.shardId, isWindowTerminatedEarly: false })
  expect(saves.map((state) => state?.offset)).toEqual([2, 3, undefined, 4])
  expect(windows.end).toBe(20_000)
  await windows.close(never)
  expect(events.at(-1)).toMatchObject({ records: [], state: { count: 1 }, isFinalInvokeForWindow: true })
  expect(windows.end).toBeUndefined()
})

test('who takes the shard over goes on from the saved state and leaves out what is in it', async () => {
  const { windows, events } = counting(undefined, { start: 0, state: { count: 2 }, offset: 2 })
  await windows.take(records([0, 1], [1, 2], [2, 3]), 3, never)
  expect(events.map(({ records: ids, state }) => [ids, state])).toEqual([[[2], { count: 2 }]])
})

test('an answer without state is a failure and tried again', async () => {
  const { windows, events } = counting((_, nth) => (nth === 1 ? { kind: 'success', response: {} } : undefined))
  await windows.take(records([0, 1]), 1, never)
  expect(events.map(({ records: ids, state }) => [ids, state])).toEqual([[[0], {}], [[0], {}]])
})

test('a state of more than 1 MB closes the window early', async () => {
  const { windows, events } = counting((_, nth) => (nth === 1 ? { kind: 'success', response: { state: { text: 'x'.repeat(MOST_STATE_BYTES) } } } : undefined))
  await windows.take(records([0, 1], [1, 1], [2, 1]), 3, never)
  expect(events.map(({ records: ids, isFinalInvokeForWindow, isWindowTerminatedEarly }) => [ids, isFinalInvokeForWindow, isWindowTerminatedEarly])).toEqual([
    [[0, 1], false, false], [[], true, true], [[2], false, false],
  ])
  expect(events[2].state).toEqual({})
})
