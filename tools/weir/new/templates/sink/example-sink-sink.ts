import type { ValueOf } from '@weir/contracts'
import type { SinkDefinition } from '../solution.ts'

type Value = ValueOf['example-thing.checked']

/** Fills a search index with example-thing.checked: one document a record, one index per day of event time. */
export const exampleSinkSink = {
  name: 'example-sink',
  source: 'example-thing.checked',
  deadLetter: 'example-thing.checked.dead',
  to: {
    index: {
      prefix: 'example-sink',
      rotation: 'day',
      eventTime: 'eventTime',
      properties: {
        eventTime: { type: 'date', format: 'epoch_millis' },
        source: { type: 'keyword' },
      },
      document: (value: Value, { source }) => ({ ...value, source }),
    },
  },
} as const satisfies SinkDefinition
