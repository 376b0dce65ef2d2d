import { expect, test } from 'vitest'
import { zonesSeed } from './manhattan.ts'
import { simulator } from './simulator.ts'
import { ZoneIndex } from './zones.ts'

const START = 1_700_000_000_000

function drive(seconds: number, seed = 1) {
  const world = simulator.world({ devices: 20, seed })
  return Array.from({ length: seconds }, (_, second) => world.next(START + second * 1000)).flat() as any[]
}

test('every taxi reports once a second, in order', () => {
  const reports = drive(120)
  expect(reports.length).toBe(20 * 120)
  const times = reports.filter((report) => report.deviceId === 'taxi-0007').map((report) => report.eventTime)
  expect(times.slice(1).every((time, i) => time - times[i] === 1000)).toBe(true)
})

test('a seed always gives the same city, and another seed another one', () => {
  expect(drive(30)).toEqual(drive(30))
  expect(drive(30, 2)).not.toEqual(drive(30))
})

test('taxis stay in the city, drive at city speeds, and change their state', () => {
  const reports = drive(900)
  const zones = new ZoneIndex(new Map(Object.entries(zonesSeed)))
  const outside = reports.filter(({ position }) => !zones.find(position.lon, position.lat))
  expect(outside.length / reports.length, 'nearly all positions lie in a named zone').toBeLessThan(0.1)
  expect(Math.max(...reports.map((report) => report.speed))).toBeLessThanOrEqual(48)
  expect(new Set(reports.map((report) => report.occupied)).size).toBe(2)
  expect(new Set(reports.map((report) => report.tripId)).size, 'trips begin and end').toBeGreaterThan(10)
})

test('no taxi jumps', () => {
  const reports = drive(600).filter((report) => report.deviceId === 'taxi-0003')
  for (let i = 1; i < reports.length; i++) {
    const north = (reports[i].position.lat - reports[i - 1].position.lat) * 111.195
    const east = (reports[i].position.lon - reports[i - 1].position.lon) * 84.3
    expect(Math.hypot(north, east), 'km in a second').toBeLessThan(0.03)
  }
})

test('after a long pause the world continues from the present time', () => {
  const world = simulator.world({ devices: 5, seed: 1 })
  world.next(START)
  expect(world.next(START + 3_600_000).length).toBeLessThanOrEqual(5)
})
