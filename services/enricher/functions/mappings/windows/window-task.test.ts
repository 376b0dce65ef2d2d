import type { Appender, RecordBatch } from '@weir/kafka'
import { emptyBatch } from '@weir/kafka/unreadable.ts'
import { expect, test, vi } from 'vitest'
import { DEFAULT_SETTINGS } from '../settings.ts'
import type { KeyedRecord, ShardSlice, SourceShard } from '../slice.ts'
import type { WindowState } from './tumbling-windows.ts'
import { WindowTask } from './window-task.ts'

const never = new AbortController().signal
const out = {} as Appender
const NOW = 1_000_000

/** Shards of one partition: the first ends at offset 100, which may become known later. */
const shardAt = (offset: number): SourceShard => {
  const shardId = offset < 100 ? 'first' : 'second'
  return {
    shardId,
    partition: 0,
    eventSourceArn: '',
    event: (_records, window) => `{${window!.slice(1)}}`,
    recordAt: (at) => ({ identifier: String(at), timestamp: 0 }),
    batchInfo: () => ({}),
  }
}

/** A task whose function counts, with a list of the closed windows. */
function counting(stored?: WindowState) {
  const closed: string[] = []
  const appended: (WindowState | undefined)[] = []
  let known = true
  let ended = false
  const task = new WindowTask(0, {
    mappingId: 'm',
    settings: { ...DEFAULT_SETTINGS, tumblingMs: 10_000 },
    states: {
      read: async () => stored,
      append: (_out, _mapping, _partition, state) => void appended.push(state),
    },
    invoker: {
      invokes: (exchange) => async (records) => {
        const event = JSON.parse(exchange.event(records))
        if (event.isFinalInvokeForWindow) closed.push(`${event.shardId} ${event.state.count}`)
        const count = (event.state.count ?? 0) + records.length
        return { kind: 'success', response: exchange.read({ state: { count } }), failure: undefined }
      },
    },
    discards: { of: () => async () => {}, abandonWindow: async () => {} },
    // A batch stands for the records of one shard, from its first offset to its nextOffset.
    each: async (batch, take) => take(sliceOf(batch)),
    shardAt: (_partition, offset) => (known ? shardAt(offset) : undefined),
    hasEnded: (shardId, offset) => ended && shardId === 'first' && offset >= 100,
    failed: () => {},
  })
  return {
    task,
    closed,
    appended,
    knows: (value: boolean) => (known = value),
    firstEnds: () => (ended = true),
  }
}

function batchOf(from: number, to: number, seconds: number): RecordBatch {
  const length = to - from
  return {
    ...emptyBatch('t', 0, to, to),
    length,
    offsets: Float64Array.from({ length }, (_, i) => from + i),
    timestamps: new Float64Array(length).fill(NOW + seconds * 1000),
  }
}

function sliceOf({ offsets, timestamps, nextOffset }: RecordBatch): ShardSlice {
  const records = Array.from(offsets, (offset, i): KeyedRecord => {
    return { identifier: String(offset), offset, timestamp: timestamps[i], json: '{}', key: null }
  })
  return { shard: shardAt(offsets[0]), records, lost: [], filtered: 0, next: nextOffset }
}

const begin = (task: WindowTask, offset: number) => task.begin([{ topic: 't', partition: 0, offset }], never)

test('the open window is stored when it has changed', async () => {
  const { task, appended } = counting()
  await begin(task, 0)
  await task.process(batchOf(0, 3, 1), out, never)
  await task.tick(NOW + 1500, out, never)
  expect(appended).toEqual([{ start: NOW, state: { count: 3 }, offset: 3 }])
})

test('a window is closed by the clock when nothing was read for a while after its end', async () => {
  vi.useFakeTimers({ now: NOW + 9900 })
  try {
    const { task, closed, appended } = counting()
    await begin(task, 0)
    await task.process(batchOf(0, 3, 9), out, never)
    await task.tick(NOW + 10_500, out, never)
    expect(closed).toEqual([])
    vi.setSystemTime(NOW + 10_800)
    await task.process(batchOf(3, 4, 9), out, never)
    await task.tick(NOW + 11_500, out, never)
    expect(closed).toEqual([])
    await task.tick(NOW + 11_900, out, never)
    expect(closed).toEqual(['first 4'])
    expect(appended.at(-1)).toBeUndefined()
  } finally {
    vi.useRealTimers()
  }
})

test('a task continues the stored window, even if its shard becomes known later', async () => {
  const { task, closed, appended, knows } = counting({ start: NOW, state: { count: 5 }, offset: 5 })
  knows(false)
  await begin(task, 7)
  await task.tick(Date.now() + 5000, out, never)
  expect([closed, appended]).toEqual([[], []])
  knows(true)
  await task.tick(Date.now() + 5000, out, never)
  expect([closed, appended]).toEqual([['first 5'], [undefined]])
})

test('a stored state is dropped if its records are read again', async () => {
  const { task, appended } = counting({ start: NOW, state: { count: 5 }, offset: 5 })
  await begin(task, 0)
  await task.process(batchOf(0, 2, 1), out, never)
  expect(appended).toEqual([{ start: NOW, state: { count: 2 }, offset: 2 }])
})

test('the window of a shard is closed when the next shard of the partition begins', async () => {
  const { task, closed, appended } = counting()
  await begin(task, 90)
  await task.process(batchOf(90, 100, 1), out, never)
  await task.process(batchOf(105, 107, 2), out, never)
  expect(closed).toEqual(['first 10'])
  expect(appended.at(-1)).toEqual({ start: NOW, state: { count: 2 }, offset: 107 })
})

test('the window of a shard is closed when the shard has been read to its end', async () => {
  const { task, closed, appended, firstEnds } = counting()
  firstEnds()
  await begin(task, 90)
  await task.process(batchOf(90, 99, 1), out, never)
  expect(closed).toEqual([])
  await task.process(batchOf(99, 100, 2), out, never)
  expect(closed).toEqual(['first 10'])
  expect(appended.at(-1)).toBeUndefined()
})

test('the window of a shard whose end becomes known later is closed then, even if the task began there', async () => {
  const { task, closed, firstEnds } = counting({ start: NOW, state: { count: 5 }, offset: 98 })
  await begin(task, 100)
  await task.tick(NOW, out, never)
  expect(closed).toEqual([])
  firstEnds()
  await task.tick(NOW, out, never)
  expect(closed).toEqual(['first 5'])
})
