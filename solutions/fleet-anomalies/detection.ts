/** Which sensors of a truck are watched, and how. */
import type { DetectionDefinition, SensorWatch } from '../solution.ts'
import type { CargoClass } from './cargo-classes.ts'
import type { TruckReading } from './generated/types.ts'

/** How long a temperature must deviate before that is a finding. */
const DURATION = '10s'
/** A truck reports once a second and more. */
const SILENT_AFTER = '30s'
/** Readings have noise, so the same value for so long comes from a sensor that is stuck. */
const STUCK_AFTER = '30s'

const engine = {
  sensor: 'engine',
  unit: '°C',
  value: ({ engineTemperature }: TruckReading) => engineTemperature,
}
const container = {
  sensor: 'container',
  unit: '°C',
  value: ({ containerTemperature }: TruckReading) => containerTemperature,
}

const watches: readonly SensorWatch[] = [
  {
    ...engine,
    detector: 'thresholds',
    settings: ({ engineHigh }: CargoClass) => ({ high: engineHigh, hysteresis: 3, duration: DURATION }),
  },
  {
    ...container,
    detector: 'thresholds',
    settings: ({ containerLow, containerHigh }: CargoClass) => ({
      low: containerLow,
      high: containerHigh,
      hysteresis: 1,
      duration: DURATION,
    }),
  },
  ...[engine, container].map((sensor) => ({
    ...sensor,
    detector: 'flat-line',
    settings: () => ({ after: STUCK_AFTER }),
  })),
  {
    ...engine,
    detector: 'missing-data',
    settings: () => ({ after: SILENT_AFTER }),
  },
]

export const detection: DetectionDefinition = {
  name: 'fleet',
  source: 'fleet.readings',
  deadLetter: 'fleet.readings.dead',
  output: 'fleet.findings',
  states: 'fleet.detectors',
  erasures: 'fleet.detectors.erasures',
  eventTime: 'eventTime',
  table: 'cargo-classes',
  classOf: ({ cargoClass }: TruckReading) => cargoClass,
  watches,
}
