import { logger } from '@weir/service'
import { expect, test } from 'vitest'
import { openSnapshots } from './snapshot.ts'
import { StageBoard } from './stages.ts'

const open = (data: unknown, board = new StageBoard(Date.now)) =>
  openSnapshots({
    source: { data: async () => data, noData: 'No data.', stages: ['enricher.taxi', 'indexer.taxi'] },
    name: 'taxis',
    admin: { lag: async () => [] },
    board,
    log: logger('snapshot-test'),
  })
const read = async (snapshots: ReturnType<typeof open>) => JSON.parse(String(await snapshots.current()))

test('callers within the same second get the same bytes', async () => {
  const snapshots = open({ taxis: 1 })
  const [first, second] = await Promise.all([snapshots.current(), snapshots.current()])
  expect(second).toBe(first)
  expect(JSON.parse(String(first))).toMatchObject({ data: { taxis: 1 }, trouble: null })
})

test('a page with more than 2 MB of data shows the reason instead', async () => {
  const { data, trouble, stages } = await read(open('x'.repeat(3 << 20)))
  expect(data).toBeNull()
  expect(trouble).toMatch(
    /^There is more data to show than a page may send each second \(\d+ of 2097152 bytes\)\.$/,
  )
  expect(stages.length).toBeGreaterThan(0)
})

test('data that cannot be written as JSON is shown as trouble, and the server continues', async () => {
  const circle: Record<string, unknown> = {}
  circle.itself = circle
  expect(await read(open(circle))).toMatchObject({ data: null, trouble: 'No data.' })
  expect(await read(open(undefined))).toMatchObject({ data: null, trouble: null })
})

test('the stages of a page are in its snapshot, and at most 20 others, however many doors report', async () => {
  const board = new StageBoard(Date.now)
  const idle = {
    instance: 'one',
    time: Date.now(),
    intervalMs: 1000,
    records: 1,
    failed: 0,
    lag: 0,
    p50: 1,
    p99: 1,
  }
  const report = (stage: string) => board.accept({ value: { ...idle, stage } })
  for (let i = 0; i < 1500; i++) report(`ingest-hub.${i}`)
  expect(() => report(`ingest-hub.${'x'.repeat(1000)}`)).toThrow('stage must have 1 to 200 characters')
  report('indexer.taxi')
  const names: string[] = (await read(open({}, board))).stages.map(({ stage }: { stage: string }) => stage)
  expect(names).toHaveLength(22)
  expect(names).toEqual(expect.arrayContaining(['indexer.taxi', 'enricher.taxi']))
  expect(board.stages().every(({ stage }) => stage.length < 100)).toBe(true)
})
