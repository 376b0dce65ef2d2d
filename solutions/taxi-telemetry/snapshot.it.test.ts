import { openEngine, type SearchEngine } from '@weir/indexer'
import { indexTemplate } from '@weir/indexer/indices/template.ts'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageSearch } from '../solution.ts'
import { taxiIndex } from './index-definition.ts'
import { type TaxiSnapshot, taxiSnapshot } from './snapshot.ts'

const MINUTE = 60_000
/** The middle of a minute, so that "a minute ago" is in the previous minute. */
const NOW = Math.floor(Date.now() / MINUTE) * MINUTE + 30_000

const report = (changes: Record<string, unknown>): Record<string, unknown> => ({
  deviceId: 'taxi-1',
  tripId: null,
  position: { lat: 40.7549, lon: -73.984 },
  speed: 0,
  heading: null,
  state: 'IDLE',
  zone: 'midtown',
  zoneName: 'Midtown',
  eventTime: NOW - 5000,
  arrivalTime: NOW - 4900,
  source: 'simulator',
  ...changes,
})

const REPORTS = [
  // Three reports of one taxi: the newest by event time is shown, though another arrived after it.
  report({ eventTime: NOW - 9000, arrivalTime: NOW - 1000, speed: 99, state: 'MOVING' }),
  report({
    tripId: 'trip-1',
    speed: 31.46,
    heading: 118.4,
    state: 'OCCUPIED',
    position: { lat: 40.754912345, lon: -73.984 },
  }),
  report({
    eventTime: NOW - 20_000,
    arrivalTime: NOW - 19_000,
    speed: 12,
    tripId: 'trip-1',
    state: 'OCCUPIED',
  }),
  // A report far away, outside the zones, from a replay of old reports.
  report({
    deviceId: 'bus-7',
    position: { lat: 37.98, lon: 23.73 },
    zone: '883f5d2a5dfffff',
    zoneName: null,
    speed: 250,
    state: 'MOVING',
    eventTime: NOW - 90 * MINUTE,
    arrivalTime: NOW - 2000,
    source: 'replay-1',
  }),
  // A report from minutes ago: in the half hour, not in the last minute.
  report({
    deviceId: 'taxi-2',
    tripId: 'trip-2',
    eventTime: NOW - 10 * MINUTE,
    arrivalTime: NOW - 10 * MINUTE,
    state: 'OCCUPIED',
  }),
  report({
    deviceId: 'taxi-3',
    tripId: 'trip-3',
    eventTime: NOW - 10 * MINUTE,
    arrivalTime: NOW - 10 * MINUTE,
    state: 'OCCUPIED',
    position: { lat: 40.8, lon: -73.95 },
  }),
  report({ deviceId: 'taxi-4', eventTime: NOW - 40 * MINUTE, arrivalTime: NOW - 40 * MINUTE }),
]

describe.each(['opensearch', 'elasticsearch'] as const)('the snapshot of %s', (name) => {
  const definition = { ...taxiIndex, prefix: uniqueName('snapshot') }
  let engine: SearchEngine
  let searches = 0
  const search: PageSearch = {
    search: (index, body) => {
      expect(index).toBe('taxi')
      searches++
      return engine.search(`${definition.prefix}-*`, body)
    },
    table: () => ({ version: 7, entries: new Map() }),
  }
  let empty: TaxiSnapshot
  let full: TaxiSnapshot

  beforeAll(async () => {
    engine = openEngine({
      engine: name,
      urls: [(await servers.search(name)).url],
      username: undefined,
      password: undefined,
      ca: undefined,
    }).value
    await engine.putTemplate(indexTemplate(definition, 0))
    empty = await taxiSnapshot(() => NOW)(search)
    const action = JSON.stringify({ create: { _index: `${definition.prefix}-1` } })
    await engine.bulk(
      Buffer.from(REPORTS.map((document) => `${action}\n${JSON.stringify(document)}\n`).join('')),
    )
    await engine.refresh(`${definition.prefix}-*`)
    searches = 0
    full = await taxiSnapshot(() => NOW)(search)
  })
  afterAll(() => engine?.close())

  test('exists before the first index', () => {
    expect(empty).toMatchObject({
      taxis: { id: [] },
      zones: [],
      lastMinute: { taxis: 0, reports: 0 },
      lastHalfHour: { newest: null },
    })
    expect(empty.lastMinute.speeds).toEqual(Array(10).fill(0))
  })

  test('has each taxi of the last minute once, with its newest report by event time, from two searches', () => {
    expect(searches).toBe(2)
    expect(full.taxis).toEqual({
      id: ['bus-7', 'taxi-1'],
      lon: [23.73, -73.984],
      lat: [37.98, 40.75491],
      state: ['MOVING', 'OCCUPIED'],
      speed: [250, 31.5],
      heading: [null, 118],
      zone: [0, 1],
    })
    expect(full.zones).toEqual([
      { id: '883f5d2a5dfffff', name: null },
      { id: 'midtown', name: 'Midtown' },
    ])
    expect(full.zonesVersion).toBe(7)
  })

  test('counts the last minute by arrival: taxis, trips, sources, speeds', () => {
    const { sources, ...counts } = full.lastMinute
    expect(counts).toEqual({ taxis: 2, trips: 1, reports: 4, speeds: [0, 1, 0, 1, 0, 0, 0, 0, 0, 2] })
    expect(sources).toEqual([
      { name: 'simulator', reports: 3 },
      { name: 'replay-1', reports: 1 },
    ])
  })

  test('counts the half hour by event time: trips a minute without gaps, tiles of demand', () => {
    const { minutes, demand, newest } = full.lastHalfHour
    expect(minutes.time).toHaveLength(30)
    expect(minutes.time.at(-1)).toBe(Math.floor(NOW / MINUTE) * MINUTE)
    expect(minutes.trips).toEqual([...Array(19).fill(0), 2, ...Array(9).fill(0), 1])
    expect(minutes.taxis.reduce((sum, taxis) => sum + taxis)).toBe(3)
    expect(demand.reports.reduce((sum, reports) => sum + reports)).toBe(5)
    const midtown = demand.x.findIndex(
      (x, i) => x === Math.floor((-73.984 / 360 + 0.5) * 2 ** 17) && demand.reports[i] > 1,
    )
    expect([demand.reports[midtown], demand.occupied[midtown]]).toEqual([4, 3])
    expect(newest).toBe(NOW - 1000)
  })

  test('searches the half hour again only after the engine has had a rest', async () => {
    const clock = { now: NOW }
    const wide: boolean[] = []
    const snapshot = taxiSnapshot(() => clock.now)
    const slow: PageSearch = {
      ...search,
      search: async (index, body) => {
        if (body.size === 0) wide.push('halfHour' in (body.aggs as object))
        return { ...(await search.search(index, body)), took: 300 }
      },
    }
    for (let second = 0; second < 5; second++, clock.now += 1000) await snapshot(slow)
    expect(wide).toEqual([true, false, false, true, false])
  })
})
