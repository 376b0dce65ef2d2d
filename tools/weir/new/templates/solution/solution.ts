import type { Solution } from '../solution.ts'
import { flow } from './flow.ts'
import { index } from './index-definition.ts'
import { simulator } from './simulator.ts'
import { topics } from './topics.ts'

/** Example thing: sensors → hub → readings, checked and marked → a search index. */
export const solution: Solution = {
  name: 'example-thing',
  title: 'Example thing',
  topics,
  flows: [
    {
      name: 'example-thing',
      source: 'example-thing.received',
      deadLetter: 'example-thing.received.dead',
      build: flow,
    },
  ],
  sinks: [
    {
      name: 'example-thing',
      source: 'example-thing.checked',
      deadLetter: 'example-thing.checked.dead',
      to: { index },
    },
  ],
  simulator,
  links: [
    { at: 'ingest-hub', path: '/v1/topics/example-thing.received/records', doc: 'send readings here' },
    { at: 'search', path: `/${index.prefix}-*/_search`, doc: 'checked readings' },
  ],
  probe: {
    topic: 'example-thing.received',
    value: { value: 20.5 },
    runField: 'sensorId',
    timeField: 'eventTime',
    index: 'example-thing',
  },
}
