import type { Solution } from '../solution.ts'
import { taxiFlow } from './flow.ts'
import { taxiIndex } from './index-definition.ts'
import { zonesSeed } from './manhattan.ts'
import { simulator } from './simulator.ts'
import { snapshot } from './snapshot.ts'
import { topics } from './topics.ts'
import { zone } from './zones.ts'

/** Taxi telemetry: devices in taxis → hub → zone and state → search indices → live page. */
export const solution = {
  name: 'taxi-telemetry',
  title: 'Taxi telemetry',
  topics,
  flows: [
    {
      name: 'taxi',
      source: 'taxi.telemetry',
      deadLetter: 'taxi.telemetry.dead',
      build: taxiFlow,
    },
  ],
  sinks: [
    {
      name: 'taxi',
      source: 'taxi.enriched',
      deadLetter: 'taxi.enriched.dead',
      to: { index: taxiIndex },
    },
  ],
  page: {
    service: 'indexer',
    folder: new URL('page/', import.meta.url),
    libraries: { 'echarts.js': 'echarts/dist/echarts.common.min.js', 'h3.js': 'h3-js/dist/h3-js.umd.js' },
    snapshot,
  },
  tables: { zones: { entry: zone, seed: zonesSeed } },
  simulator,
  links: [
    {
      at: 'indexer',
      path: '/taxi-telemetry/',
      doc: 'the page: taxis on the map, and the throughput of every stage',
    },
    { at: 'ingest-hub', path: '/v1/topics/taxi.telemetry/records', doc: 'send reports here' },
    { at: 'enricher', path: '/v1/reference/zones', doc: 'the zones, to view and to change' },
    { at: 'search', path: `/${taxiIndex.prefix}-*/_search`, doc: 'enriched reports' },
  ],
  probe: {
    topic: 'taxi.telemetry',
    value: { position: { lat: 37.97, lon: 23.73 }, speed: 12 },
    runField: 'deviceId',
    timeField: 'eventTime',
    index: 'taxi',
  },
} as const satisfies Solution
