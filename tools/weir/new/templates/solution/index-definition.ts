import type { IndexDestination } from '../solution.ts'
import type { ExampleThingChecked } from './generated/types.ts'

/** The search index of checked readings: one index per day of event time. */
export const index: IndexDestination = {
  prefix: 'example-thing',
  rotation: 'day',
  eventTime: 'eventTime',
  properties: {
    sensorId: { type: 'keyword' },
    value: { type: 'double' },
    isHigh: { type: 'boolean' },
    eventTime: { type: 'date', format: 'epoch_millis' },
    source: { type: 'keyword' },
  },
  document: (reading: ExampleThingChecked, { source }) => ({ ...reading, source }),
}
