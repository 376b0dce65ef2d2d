/** The temperatures of each truck by the minute: a few hundred bytes instead of sixty readings and more. */
import { dead, flow, type Source, step } from '@weir/flow'
import { type Aggregate, tumbling } from '@weir/windows'
import type { FlowDeps } from '../solution.ts'
import type { Extent, TruckMinute, TruckReading } from './generated/types.ts'

const MINUTE_MS = 60_000
/** Readings come within seconds, also from a truck that sends them again after a lost connection. */
const DISORDER_MS = 5000
/** A minute that is over takes readings for so long, each with a new result. */
const LATENESS_MS = 60_000
/** Without readings from any truck of the partition for so long, the last minutes have results by the clock. */
const IDLE_MS = 10_000

export const minutesFlow = (deps: FlowDeps) =>
  flow<number, Source>()
    .step(deps.decode)
    .step(refuseImpossible)
    .keyBy('truckId')
    .window(tumbling(MINUTE_MS), {
      time: 'eventTime',
      states: 'fleet.minutes.open',
      erasures: 'fleet.minutes.erasures',
      late: 'fleet.readings.late',
      disorderMs: DISORDER_MS,
      latenessMs: LATENESS_MS,
      idleMs: IDLE_MS,
    })
    .aggregate(minutes)
    .publish('fleet.minutes')

/** Sums would be of no use after a temperature that is not a number. */
export const refuseImpossible = step('refuse-impossible', (reading: TruckReading) => {
  const { engineTemperature, containerTemperature } = reading
  for (const temperature of [engineTemperature, containerTemperature])
    if (temperature !== null && !Number.isFinite(temperature))
      return dead('invalid', `a temperature is ${temperature}`)
  return reading
})

interface Minute {
  cargoClass: string
  readings: number
  engine: Extent | null
  container: Extent | null
}

export const minutes: Aggregate<TruckReading, Minute, TruckMinute> = {
  init: () => ({ cargoClass: '', readings: 0, engine: null, container: null }),
  add(minute, { cargoClass, engineTemperature, containerTemperature }) {
    minute.cargoClass = cargoClass
    minute.readings++
    minute.engine = extended(minute.engine, engineTemperature)
    minute.container = extended(minute.container, containerTemperature)
    return minute
  },
  result: (minute, { key, startMs, revision }) => ({ truckId: key, minute: startMs, revision, ...minute }),
}

function extended(extent: Extent | null, value: number | null): Extent | null {
  if (value === null) return extent
  if (extent === null) return { count: 1, sum: value, least: value, greatest: value }
  const { count, sum, least, greatest } = extent
  return {
    count: count + 1,
    sum: sum + value,
    least: Math.min(least, value),
    greatest: Math.max(greatest, value),
  }
}
