import type { Finding } from '@weir/contracts'
import type { IndexDestination } from '../solution.ts'
import type { TruckMinute, TruckReading } from './generated/types.ts'

const EXTENT = {
  count: { type: 'integer' },
  sum: { type: 'double' },
  least: { type: 'double' },
  greatest: { type: 'double' },
}

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

/** The search index of minutes: one index per month of event time. A minute has one document, its last result. */
export const minutesIndex: IndexDestination = {
  prefix: 'fleet-minutes',
  rotation: 'month',
  eventTime: 'minute',
  properties: {
    truckId: { type: 'keyword' },
    cargoClass: { type: 'keyword' },
    minute: { type: 'date', format: 'epoch_millis' },
    readings: { type: 'integer' },
    engine: { properties: EXTENT },
    container: { properties: EXTENT },
    revision: { type: 'integer' },
  },
  replaces: {
    id: ({ truckId, minute }: TruckMinute) => `${truckId}/${minute}`,
    revision: ({ revision }: TruckMinute) => revision,
  },
  document: (value: TruckMinute) => ({ ...value }),
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
