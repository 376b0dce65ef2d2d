import { type Source, step } from '@weir/flow'
import { expect, test } from 'vitest'
import type { ReferenceTable } from '../solution.ts'
import { taxiFlow } from './flow.ts'
import { ZoneIndex } from './zones.ts'

const NOW = 1_700_000_000_000
const square = (name: string, west: number, south: number, size = 1) => ({
  name,
  polygon: [
    [west, south],
    [west + size, south],
    [west + size, south + size],
    [west, south + size],
  ],
})

const report = (changes: Record<string, unknown> = {}) => ({
  deviceId: 'taxi-1',
  tripId: null,
  position: { lat: 40.5, lon: -73.5 },
  speed: 20,
  heading: null,
  fuel: null,
  charge: null,
  engineTemperature: null,
  occupied: false,
  eventTime: NOW - 1000,
  ...changes,
})

async function run(
  reports: object[],
  zones: ReferenceTable = { version: 1, entries: new Map([['a', square('Alpha', -74, 40)]]) },
) {
  const decode = step<number, any, Source>('decode', (i) => structuredClone(reports[i]))
  const once = () => step<number, number, Source>('once', (i) => i)
  const flow = taxiFlow({ once, decode, now: () => NOW, table: () => zones, rows: () => new Map() })
  const source = {
    bytes: Buffer.alloc(0),
    valueStart: new Int32Array(),
    valueEnd: new Int32Array(),
    timestamps: Float64Array.from(reports, () => NOW - 5),
  }
  return {
    flow,
    result: await flow.run(
      reports.map((_, i) => i),
      source,
    ),
  }
}

test('the flow adds zone, state and arrival', async () => {
  const { result } = await run([report(), report({ speed: 0 }), report({ occupied: true, speed: 0 })])
  expect(result.values.map((value) => value.state)).toEqual(['MOVING', 'IDLE', 'OCCUPIED'])
  expect(result.values[0]).toMatchObject({
    deviceId: 'taxi-1',
    zone: 'a',
    zoneName: 'Alpha',
    arrivalTime: NOW - 5,
  })
})

test('the flow names the H3 cell of a position outside all zones', async () => {
  const { result } = await run([report({ position: { lat: 37.98, lon: 23.73 } })])
  expect(result.values[0]).toMatchObject({ zone: expect.stringMatching(/^88[0-9a-f]{13}$/), zoneName: null })
})

test('the flow refuses impossible reports and keeps their neighbours', async () => {
  const { result } = await run([
    report({ position: { lat: 91, lon: 0 } }),
    report(),
    report({ speed: -1 }),
    report({ speed: NaN }),
    report({ eventTime: NOW + 300_001 }),
  ])
  expect(
    result.dead.map(({ index, cause }) => `${index} ${cause.code} ${cause.message.split(':')[0]}`),
  ).toEqual(['0 invalid position', '2 invalid speed', '3 invalid speed', '4 invalid eventTime'])
  expect(result.indices).toEqual([1])
})

test('the flow diverts reports older than a day to the topic of late records', async () => {
  const { result } = await run([
    report({ eventTime: NOW - 86_400_001 }),
    report({ eventTime: NOW - 86_400_000 }),
  ])
  expect(result.routed).toEqual([{ index: 0, step: 'divert-late', topic: 'taxi.telemetry.late' }])
  expect(result.indices).toEqual([1])
})

test('the flow follows a change of the zones while it runs', async () => {
  const zones = { version: 1, entries: new Map<string, unknown>([['a', square('Alpha', -74, 40)]]) }
  const { flow, result } = await run([report()], zones)
  expect(result.values[0].zoneName).toBe('Alpha')
  zones.entries = new Map([['b', square('Beta', -74, 40)]])
  zones.version = 2
  const source = {
    bytes: Buffer.alloc(0),
    valueStart: new Int32Array(),
    valueEnd: new Int32Array(),
    timestamps: new Float64Array(1),
  }
  expect((await flow.run([0], source)).values[0].zoneName).toBe('Beta')
})

test('the zone index finds the same zone as a test of every polygon', () => {
  const entries = new Map(
    Array.from(
      { length: 40 },
      (_, i) => [`z${i}`, square(`Z${i}`, -74 + (i % 8) * 0.2, 40 + Math.floor(i / 8) * 0.2, 0.15)] as const,
    ),
  )
  const index = new ZoneIndex(entries)
  for (let i = 0; i < 2000; i++) {
    // Odd ten-thousandths are never on an edge, where either answer would be right.
    const lon = -74.1003 + ((i * 7919) % 2000) / 1000
    const lat = 39.9007 + ((i * 104729) % 1300) / 1000
    const expected = [...entries].find(
      ([
        ,
        {
          polygon: [[west, south], , [east, north]],
        },
      ]) => lon > west && lon < east && lat > south && lat < north,
    )?.[0]
    expect(index.find(lon, lat)?.id, `${lon}, ${lat}`).toBe(expected)
  }
})
