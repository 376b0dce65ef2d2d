/** What the detection of the fleet finds in simulated driving, without Kafka. */
import { cargoClasses } from '@weir/solutions/fleet-anomalies/cargo-classes.ts'
import { detection } from '@weir/solutions/fleet-anomalies/detection.ts'
import type { TruckFault } from '@weir/solutions/fleet-anomalies/faults.ts'
import type { TruckReading } from '@weir/solutions/fleet-anomalies/generated/types.ts'
import { simulator } from '@weir/solutions/fleet-anomalies/simulator.ts'
import { expect, inject, test } from 'vitest'
import { type Finding, Series } from '../detectors/series.ts'
import { type Plan, Plans } from './plans.ts'

const START_MS = 1_700_000_000_000
const HOUR_SECONDS = 3600
const NORMAL_SECONDS = inject('thorough') ? HOUR_SECONDS : 600
const log = { error: (details: object) => expect.unreachable(JSON.stringify(details)) }
const plans = new Plans(detection, { version: 1, entries: new Map(Object.entries(cargoClasses)) }, log)

type Found = Finding & { readonly truck: string; readonly foundMs: number }

/** Drives, and returns what is found. From the second `from` on, the trucks have these faults. */
function drive(
  devices: number,
  seconds: number,
  faults: Readonly<Record<string, TruckFault>> = {},
  from = 0,
): Found[] {
  const world = simulator.world({ devices, seed: 1 })
  const controls = new Map(Object.entries(faults).map(([truck, fault]) => [truck, { fault }]))
  const trucks = new Map<string, { plan: Plan; series: Series[] }>()
  const all: Found[] = []
  for (let second = 0; second < seconds; second++) {
    const now = START_MS + second * 1000
    const readings = world.next(now, second < from ? undefined : controls) as unknown as TruckReading[]
    for (const reading of readings) {
      const truck = trucks.get(reading.truckId) ?? open(reading)
      trucks.set(reading.truckId, truck)
      const found: Finding[] = []
      for (const [i, watch] of truck.plan.entries())
        truck.series[i].feed(reading.eventTime, watch.value(reading)!, found)
      all.push(...found.map((one) => ({ ...one, truck: reading.truckId, foundMs: now })))
    }
    for (const [id, { series }] of trucks) {
      const found: Finding[] = []
      for (const one of series) one.tick(now, found)
      all.push(...found.map((one) => ({ ...one, truck: id, foundMs: now })))
    }
  }
  return all
}

function open({ cargoClass }: TruckReading) {
  const plan = plans.of(cargoClass)!
  const series = plan.map(
    ({ sensor, detector, settings }) =>
      new Series(detector, settings, { sensor, listeningSinceMs: START_MS }),
  )
  return { plan, series }
}

test('normal driving has no finding', () => {
  expect(drive(100, NORMAL_SECONDS)).toEqual([])
})

test('each fault is found, at the truck that has it, and nothing else', () => {
  const faults = {
    'truck-000': 'fire',
    'truck-001': 'fire',
    'truck-002': 'cooling',
    'truck-003': 'cooling',
    'truck-004': 'drift',
    'truck-005': 'stuck',
    'truck-006': 'silence',
  } as const
  const found = drive(9, 600, faults, 300)
  const first = Object.fromEntries(
    Object.entries(Object.groupBy(found, ({ truck }) => truck)).map(([truck, all]) => {
      const { sensor, detector, foundMs } = all![0]
      return [truck, [sensor, detector, (foundMs - START_MS) / 1000 - 300]]
    }),
  )
  expect(first).toEqual({
    // Seconds after the fault. Fuel may have up to 38 °C, chemicals up to 25 °C.
    'truck-000': ['container', 'thresholds', 15],
    'truck-001': ['container', 'thresholds', 12],
    'truck-002': ['container', 'thresholds', 12],
    'truck-003': ['engine', 'thresholds', 14],
    'truck-004': ['container', 'thresholds', 30],
    'truck-005': ['container', 'flat-line', 29],
    'truck-006': ['engine', 'missing-data', 29],
  })
})
