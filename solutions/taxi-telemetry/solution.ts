import type { Solution } from '../solution.ts'
import { taxiFlow } from './flow.ts'
import { taxiIndex } from './index-definition.ts'
import { zonesSeed } from './manhattan.ts'
import { simulator } from './simulator.ts'
import { snapshot } from './snapshot.ts'
import { zone } from './zones.ts'

/** Taxi telemetry: devices in taxis → hub → zone and state → search indices → live page. */
export const taxiTelemetry = {
  name: 'taxi-telemetry',
  title: 'Taxi telemetry',
  flows: [
    {
      name: 'taxi',
      source: 'taxi.telemetry',
      deadLetter: 'taxi.telemetry.dead',
      build: taxiFlow,
    },
  ],
  indices: [taxiIndex],
  page: {
    folder: new URL('page/', import.meta.url),
    libraries: { 'echarts.js': 'echarts/dist/echarts.min.js', 'h3.js': 'h3-js/dist/h3-js.umd.js' },
    snapshot,
  },
  tables: { zones: { entry: zone, seed: zonesSeed } },
  simulator,
} as const satisfies Solution
