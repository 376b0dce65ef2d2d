import type { Finding } from '@weir/contracts'
import type { IndexDestination } from '../solution.ts'
import type { TruckReading } from './generated/types.ts'

/** The search index of readings: one index per day of event time. */
export const readingsIndex: IndexDestination = {
  prefix: 'fleet-readings',
  rotation: 'day',
  eventTime: 'eventTime',
  properties: {
    truckId: { type: 'keyword' },
    cargoClass: { type: 'keyword' },
    position: { type: 'geo_point' },
    speed: { type: 'float' },
    load: { type: 'float' },
    engineTemperature: { type: 'float' },
    containerTemperature: { type: 'float' },
    ambientTemperature: { type: 'float' },
    eventTime: { type: 'date', format: 'epoch_millis' },
    source: { type: 'keyword' },
  },
  document: (value: TruckReading, { source }) => ({ ...value, source }),
}

/** The search index of findings: a deviation has two documents, when it is found and when it has ended. */
export const findingsIndex: IndexDestination = {
  prefix: 'fleet-findings',
  rotation: 'month',
  eventTime: 'since',
  properties: {
    device: { type: 'keyword' },
    id: { type: 'keyword' },
    status: { type: 'keyword' },
    sensor: { type: 'keyword' },
    unit: { type: 'keyword' },
    detector: { type: 'keyword' },
    since: { type: 'date', format: 'epoch_millis' },
    until: { type: 'date', format: 'epoch_millis' },
    low: { type: 'double' },
    high: { type: 'double' },
    seen: { type: 'double' },
    score: { type: 'double' },
    why: { type: 'text' },
  },
  document: (value: Finding) => ({ ...value }),
}
