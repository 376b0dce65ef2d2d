import { expect, test } from 'vitest'
import type { PageSearch } from '../solution.ts'
import { shown, taxiSnapshot } from './snapshot.ts'

/** The longest key that the hub accepts for a record. */
const LONGEST = 4096

test('ids and names of up to 64 characters are shown unchanged', () => {
  for (const text of ['', 'taxi-1', '漢字', '😀'.repeat(32), 'x'.repeat(64), '"\\<b>'])
    expect(shown(text)).toBe(text)
})

test('longer ids and names are shortened, and different ones remain different', () => {
  const [one, other] = ['a', 'b'].map((end) => shown(`${'x'.repeat(LONGEST - 1)}${end}`))
  expect(one).toMatch(/^x{52}…[\w-]{11}$/)
  expect(other).not.toBe(one)
  expect(shown('a\u0000b')).toMatch(/^a\ufffdb…/)
  expect(shown('a\u0001b')).not.toBe(shown('a\u0002b'))
  expect(shown(`${'x'.repeat(51)}${'😀'.repeat(20)}`).isWellFormed()).toBe(true)
})

test.each([
  ['x', LONGEST],
  ['漢', LONGEST / 3],
  ['"', LONGEST],
  ['\u0001', LONGEST],
  ['\\', 60],
  ['漢', 60],
])('a snapshot of devices with long names (%j, %i times) is smaller than 2 MB', async (character, times) => {
  const name = (i: number) => `${i}-${character.repeat(times)}`
  const hits = Array.from({ length: 2000 }, (_, i) => ({
    _source: {
      deviceId: name(i),
      position: { lat: -89.123456789, lon: -179.123456789 },
      speed: 3.4e38,
      heading: 359.999,
      state: 'OCCUPIED',
      zone: name(i),
      zoneName: name(i),
    },
  }))
  const many = { value: 1e9, doc_count: 1e9 }
  const tiles = Array.from({ length: 1500 }, (_, i) => ({
    ...many,
    key: `17/${131_071 - i}/131071`,
    occupied: many,
  }))
  const minutes = Array.from({ length: 30 }, (_, i) => ({ key: 1.8e12 + i, trips: many, taxis: many }))
  const speeds = { buckets: Array.from({ length: 10 }, () => many) }
  const sources = { buckets: Array.from({ length: 5 }, (_, i) => ({ ...many, key: name(i) })) }
  const aggregations = {
    lastMinute: { ...many, taxis: many, trips: many, sources, speeds },
    halfHour: { minutes: { buckets: minutes }, tiles: { buckets: tiles }, newest: { value: 1.8e12 } },
  }
  const found = { took: 1, hits: { hits }, aggregations }
  const search: PageSearch = {
    search: async () => found,
    table: () => ({ version: 1, entries: new Map() }),
  }
  const snapshot = await taxiSnapshot(Date.now)(search)
  expect(Buffer.byteLength(JSON.stringify(snapshot))).toBeLessThan(2e6)
  expect(new Set(snapshot.taxis.id).size).toBe(2000)
  expect(new Set(snapshot.zones.map(({ id }) => id)).size).toBe(2000)
})
