import type { IndexDestination } from '../solution.ts'
import type { TaxiEnriched } from './generated/types.ts'

/** The search index of enriched reports: one index per day of event time. */
export const taxiIndex: IndexDestination = {
  prefix: 'taxi-enriched',
  rotation: 'day',
  eventTime: 'eventTime',
  properties: {
    deviceId: { type: 'keyword' },
    tripId: { type: 'keyword' },
    position: { type: 'geo_point' },
    speed: { type: 'float' },
    heading: { type: 'float' },
    fuel: { type: 'float' },
    charge: { type: 'float' },
    engineTemperature: { type: 'float' },
    state: { type: 'keyword' },
    zone: { type: 'keyword' },
    zoneName: { type: 'keyword' },
    eventTime: { type: 'date', format: 'epoch_millis' },
    arrivalTime: { type: 'date', format: 'epoch_millis' },
    source: { type: 'keyword' },
  },
  document: (value: TaxiEnriched, { source }) => ({ ...value, source }),
}
