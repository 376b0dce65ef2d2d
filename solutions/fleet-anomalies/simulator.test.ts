import { expect, test } from 'vitest'
import { cargoClasses } from './cargo-classes.ts'
import type { TruckReading } from './generated/types.ts'
import { simulator } from './simulator.ts'

const START = 1_700_000_000_000

function drive(seconds: number, seed = 1): TruckReading[] {
  const world = simulator.world({ devices: 12, seed })
  return Array.from({ length: seconds }, (_, second) => world.next(START + second * 1000)).flat() as never
}

test('every truck reports once a second, in order', () => {
  const readings = drive(120)
  expect(readings.length).toBe(12 * 120)
  const times = readings.filter(({ truckId }) => truckId === 'truck-007').map(({ eventTime }) => eventTime)
  expect(times.slice(1).every((time, i) => time - times[i] === 1000)).toBe(true)
})

test('a seed always gives the same fleet, and another seed another one', () => {
  expect(drive(30)).toEqual(drive(30))
  expect(drive(30, 2)).not.toEqual(drive(30))
})

test('nothing is out of the ordinary in an hour of normal driving', () => {
  const isOrdinary = ({
    cargoClass,
    engineTemperature,
    containerTemperature,
    speed,
  }: TruckReading): boolean => {
    const { containerLow, containerHigh, engineHigh } = cargoClasses[cargoClass as keyof typeof cargoClasses]
    return (
      engineTemperature! < engineHigh &&
      containerTemperature! > containerLow &&
      containerTemperature! < containerHigh &&
      speed <= 88
    )
  }
  expect(drive(3600).filter((reading) => !isOrdinary(reading))).toEqual([])
})
