import type { StageStats } from '@weir/contracts'
import { Misfit } from '@weir/topics/shape.ts'
import { expect, test } from 'vitest'
import { StageBoard } from './stages.ts'

const report = (changes: Partial<StageStats>): { value: StageStats } => ({
  value: {
    stage: 'enricher.taxi',
    instance: 'a',
    time: 0,
    intervalMs: 1000,
    records: 100,
    failed: 0,
    lag: 0,
    p50: 5,
    p99: 20,
    ...changes,
  },
})

function boardAt(start: number) {
  const clock = { now: start }
  return { clock, board: new StageBoard(() => clock.now) }
}

test('a stage sums rates and lag of its instances, weights the median and takes the slowest 99th percentile', () => {
  const { board } = boardAt(0)
  board.accept(report({ instance: 'a', records: 300, intervalMs: 1000, lag: 4, p50: 10, p99: 30 }))
  board.accept(report({ instance: 'b', records: 200, intervalMs: 2000, lag: 6, p50: 20, p99: 90, failed: 1 }))
  expect(board.stages()).toEqual([
    { stage: 'enricher.taxi', instances: 2, records: 400, failed: 0.5, lag: 10, p50: 14, p99: 90 },
  ])
})

test('the latest report of an instance replaces the one before', () => {
  const { board } = boardAt(0)
  board.accept(report({ records: 1 }))
  board.accept(report({ records: 2 }))
  expect(board.stages()).toMatchObject([{ instances: 1, records: 2 }])
})

test('an idle instance has no latency', () => {
  const { board } = boardAt(0)
  board.accept(report({ records: 0, p50: 0, p99: 0 }))
  expect(board.stages()).toMatchObject([{ records: 0, p50: null, p99: null }])
})

test('an instance is forgotten after ten seconds of silence, its history after a minute', () => {
  const { board, clock } = boardAt(0)
  board.accept(report({}))
  board.sample()
  clock.now = 10_001
  expect(board.stages()).toEqual([])
  board.sample()
  expect(board.history('enricher.taxi').records.slice(-2)).toEqual([100, null])
  for (let second = 0; second < 60; second++) board.sample()
  expect(board.history('enricher.taxi').records.every((value) => value === null)).toBe(true)
})

test('the history is always a minute long, with the newest value last', () => {
  const { board } = boardAt(0)
  for (let second = 1; second <= 70; second++) {
    board.accept(report({ records: second }))
    board.sample()
  }
  const { records } = board.history('enricher.taxi')
  expect(records).toHaveLength(60)
  expect([records[0], records.at(-1)]).toEqual([11, 70])
})

test('a tombstone, values out of bounds and ever new names do no harm', () => {
  const { board } = boardAt(0)
  board.accept({ value: null })
  for (const wrong of [
    { stage: 'x'.repeat(201) },
    { instance: '' },
    { p99: NaN },
    { lag: -1 },
    { intervalMs: 0 },
  ]) {
    expect(() => board.accept(report(wrong))).toThrow(Misfit)
  }
  for (let i = 0; i < 3000; i++) board.accept(report({ instance: `i${i}` }))
  expect(board.stages()).toMatchObject([{ instances: 2000 }])
})
