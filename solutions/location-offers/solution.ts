import type { Solution } from '../solution.ts'
import { application } from './application.ts'
import { area, areas } from './areas.ts'
import { simulator } from './simulator.ts'
import { topics } from './topics.ts'

/**
 * Location-based offers: signups with positions → Kinesis stream → function → offers, returned to the
 * application within milliseconds.
 */
export const solution: Solution = {
  name: 'location-offers',
  title: 'Location-based offers',
  topics,
  tables: { areas: { entry: area, seed: areas } },
  simulator,
  // A shard takes 1,000 signups a second. With fewer shards, more signups share a transaction, so there is
  // one. It can be split while signups flow.
  streams: [{ name: 'signups', shards: 1 }],
  functions: [
    {
      name: 'offers',
      folder: new URL('functions/', import.meta.url),
      handler: 'offers.handler',
      memoryMb: 256,
      timeoutMs: 10_000,
      concurrency: 4,
      environment: ({ redisUrl }) => ({
        REDIS_URL: redisUrl,
        AREAS: 'weir:reference:{areas}:entries',
        AREAS_GEO: 'weir:reference:{areas}:places',
      }),
    },
  ],
  mappings: [
    {
      name: 'signups-offers',
      functionName: 'offers',
      source: { kind: 'kinesis', stream: 'signups' },
      bisect: true,
      maxRetries: 20,
      output: 'location.offers',
    },
  ],
  application,
  page: { service: 'enricher', folder: new URL('page/', import.meta.url), libraries: {} },
  links: [
    { at: 'enricher', path: '/location-offers/', doc: 'the page: sign up somewhere and see the offers' },
  ],
}
