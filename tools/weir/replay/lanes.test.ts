import { expect, test } from 'vitest'
import { Lanes } from './lanes.ts'

const tick = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function collecting(overrides: Partial<ConstructorParameters<typeof Lanes>[0]> = {}) {
  const seen: string[] = []
  const state = { inFlight: 0, most: 0, largest: 0, seen, lines: [] as number[] }
  const lanes = new Lanes({
    lanes: 4,
    batch: 10,
    capacity: 100,
    async send(records) {
      state.most = Math.max(state.most, ++state.inFlight)
      state.largest = Math.max(state.largest, records.length)
      await tick(1)
      seen.push(...records.map((record) => JSON.parse(record).id))
      state.inFlight--
      return { stored: records.length, refused: [], open: [] }
    },
    settled: (lines) => state.lines.push(...lines),
    ...overrides,
  })
  return { lanes, state }
}

test('keys keep their order, lanes work side by side, memory is bounded', async () => {
  const { lanes, state } = collecting()
  for (let i = 0; i < 2_000; i++) {
    if (lanes.full) await lanes.room()
    lanes.add(`key-${i % 13}`, `${i % 13}:${i}`, '{}', i)
  }
  await lanes.end()
  expect(state.seen.length).toBe(2_000)
  expect(state.most).toBeGreaterThan(1)
  expect(state.most).toBeLessThanOrEqual(4)
  expect(state.largest).toBe(10)
  expect(state.lines.sort((a, b) => a - b)).toEqual(Array.from({ length: 2_000 }, (_, i) => i))
  for (let key = 0; key < 13; key++) {
    const order = state.seen.filter((id) => id.startsWith(`${key}:`)).map((id) => Number(id.split(':')[1]))
    expect(order).toEqual([...order].sort((a, b) => a - b))
  }
})

test('a flush sends what fills no batch', async () => {
  const { lanes, state } = collecting()
  lanes.add('a', '1', '{}', 1)
  await tick(5)
  expect(state.seen).toEqual([])
  lanes.flush()
  await tick(10)
  expect(state.seen).toEqual(['1'])
})

test('large values make small requests', async () => {
  const { lanes, state } = collecting()
  const value = JSON.stringify('x'.repeat(1_500_000))
  for (let i = 0; i < 6; i++) lanes.add('a', String(i), value, i)
  await lanes.end()
  expect(state.largest).toBe(2)
})

test('a send that fails for good ends everything', async () => {
  const { lanes } = collecting({ send: () => Promise.reject(new Error('gone')) })
  for (let i = 0; i < 10; i++) lanes.add('a', String(i), '{}', i)
  await expect(lanes.end()).rejects.toThrow('gone')
  expect(lanes.full).toBe(true)
  await expect(lanes.room()).rejects.toThrow('gone')
})
