import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Appender } from '@weir/kafka'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { Memory } from './config.ts'
import { KeyedState } from './keyed-state.ts'
import type { StateStore } from './state-store.ts'
import { NO_TIMERS } from './timers.ts'

const dir = mkdtempSync(join(tmpdir(), 'weir-keyed-'))
afterAll(() => rmSync(dir, { recursive: true }))
afterEach(() => {
  vi.useRealTimers()
})

/** States that are texts, with a changelog that is only written. A text that begins with "due" is due at 0. */
function textsOf() {
  let unreadable: string | undefined
  const written: string[] = []
  const store = {
    kafka: {
      topicId: async () => 'one',
      offsetAt: async () => 0,
      admin: { offsets: async () => [{ partition: 0, latest: 0 }] },
    },
    codec: { resolve: async () => {} },
    topic: 'texts',
    reader: {
      decode: (bytes: Buffer, start: number, end: number) => {
        const text = bytes.toString('utf8', start + 5, end)
        if (text === unreadable) throw new Error('unreadable')
        return text
      },
    },
    writer: {
      encode: (value: string, into: Buffer, at: number) =>
        into.fill(0, at, at + 5) && at + 5 + into.write(value, at + 5),
    },
    timers: (text: string) => (text.startsWith('due') ? { event: Infinity, clock: 0 } : NO_TIMERS),
    maxKeys: 100,
    dir,
    memory: new Memory(1 << 20),
    log: { warn: () => {} },
  } as unknown as StateStore<string>
  const state = new KeyedState(store, 0)
  /** Runs a turn that sets states; undefined removes one. */
  const turn = (changes: Readonly<Record<string, string | undefined>>, more?: () => void): void => {
    const out: Appender = {
      append: (_topic, _partition, key, keyStart, keyEnd, value, start, end) =>
        written.push(`${key!.toString('utf8', keyStart, keyEnd)}=${value?.toString('utf8', start + 5, end)}`),
    }
    state.turn(out)
    for (const [key, value] of Object.entries(changes)) {
      const keyed = state.at(Buffer.from(key))
      expect(keyed.key.toString()).toBe(key)
      keyed.value = value
      state.put(keyed)
    }
    more?.()
    state.write(out)
  }
  const damage = (text: string): void => {
    unreadable = text
  }
  return { state, turn, written, damage }
}

test('a key that follows one that was removed and written to disk has a state of its own', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { state, turn, written } = textsOf()
  await state.begin(AbortSignal.timeout(10_000))
  turn({ before: 'one' })
  turn({ before: undefined })
  vi.advanceTimersByTime(31_000)
  turn({})
  await new Promise((resolve) => setImmediate(resolve))
  turn({})
  turn({ after: 'two' })
  turn({ before: 'three' })
  expect(written).toEqual(['before=one', 'before=undefined', 'after=two', 'before=three'])
  expect(state.keys).toBe(2)
  await state.close()
})

test('a state that cannot be read is never due, and the others are', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { state, turn, damage } = textsOf()
  await state.begin(AbortSignal.timeout(10_000))
  turn({ bad: 'due bad', good: 'due good' })
  vi.advanceTimersByTime(31_000)
  turn({})
  await new Promise((resolve) => setImmediate(resolve))
  turn({})
  damage('due bad')
  await state.begin(AbortSignal.timeout(10_000))
  expect([...state.due('clock', 1, -Infinity)].map(({ key }) => key.toString())).toEqual(['good'])
  expect(state.take('clock', 1)?.key.toString()).toBe('good')
  expect(state.take('clock', 1)).toBe(undefined)
  await state.close()
})

test('a state is erased whether or not it can be read, with its timers and all that was made of it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { state, turn, written, damage } = textsOf()
  await state.begin(AbortSignal.timeout(10_000))
  const before = state.keys
  turn({ broken: 'due broken', known: 'due known', other: 'due other' })
  vi.advanceTimersByTime(31_000)
  turn({})
  await new Promise((resolve) => setImmediate(resolve))
  turn({})
  damage('due broken')
  await state.begin(AbortSignal.timeout(10_000))
  const held = state.at(Buffer.from('known'))
  written.length = 0
  const erased = ['broken', 'known', 'nobody']
  turn({}, () => erased.map((key) => state.erase(Buffer.from(key))))
  expect(written).toEqual(['broken=undefined', 'known=undefined'])
  expect(state.keys).toBe(before + 1)
  expect(state.at(Buffer.from('known'))).not.toBe(held)
  expect(erased.map((key) => state.at(Buffer.from(key)).value)).toEqual([undefined, undefined, undefined])
  const due = [...state.due('clock', 1, -Infinity)].map(({ key }) => key.toString())
  expect(due).toContain('other')
  expect(due.filter((key) => erased.includes(key))).toEqual([])
  await state.close()
})
