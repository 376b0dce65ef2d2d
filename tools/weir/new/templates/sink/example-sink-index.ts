import type { ValueOf } from '@weir/contracts'
import type { IndexDefinition } from '../solution.ts'

type Value = ValueOf['example-thing.checked']

/** The search index of example-thing.checked: one document a record, one index per day of event time. */
export const exampleSinkIndex: IndexDefinition = {
  name: 'example-sink',
  source: 'example-thing.checked',
  deadLetter: 'example-thing.checked.dead',
  prefix: 'example-sink',
  rotation: 'day',
  eventTime: 'eventTime',
  properties: {
    eventTime: { type: 'date', format: 'epoch_millis' },
    source: { type: 'keyword' },
  },
  document: (value: Value, { source }) => ({ ...value, source }),
}
