import type { Solution } from '../solution.ts'
import { application } from './application.ts'
import { cargoClass, cargoClasses } from './cargo-classes.ts'
import { detection } from './detection.ts'
import { TRUCK_FAULTS, truckFault } from './faults.ts'
import { minutesFlow } from './flow.ts'
import { findingsIndex, minutesIndex, readingsIndex } from './indices.ts'
import { simulator } from './simulator.ts'
import { topics } from './topics.ts'

/** SNS topics of alerts. */
const DRIVERS_TOPIC = 'fleet-drivers'
const TEAM_TOPIC = 'fleet-team'

/** Trucks with dangerous cargo: sensors → hub → detectors → findings. */
export const solution = {
  name: 'fleet-anomalies',
  title: 'Fleet anomalies',
  topics,
  flows: [
    {
      name: 'fleet-minutes',
      source: 'fleet.readings',
      deadLetter: 'fleet.readings.uncounted',
      build: minutesFlow,
    },
  ],
  detections: [detection],
  functions: [
    {
      name: 'fleet-alerts',
      folder: new URL('functions/', import.meta.url),
      handler: 'alerts.handler',
      memoryMb: 256,
      timeoutMs: 10_000,
      concurrency: 2,
      // An alarm after a quiet night does not wait for the start of a process.
      provisioned: 1,
      environment: ({ snsUrl, credentials }) => ({
        ...credentials,
        AWS_ENDPOINT_URL_SNS: snsUrl,
        DRIVERS_TOPIC,
        TEAM_TOPIC,
      }),
    },
  ],
  mappings: [
    {
      name: 'fleet-alerts',
      functionName: 'fleet-alerts',
      source: { kind: 'kafka', topic: 'fleet.findings' },
      decode: true,
      bisect: true,
      maxRetries: 20,
    },
  ],
  sinks: [
    {
      name: 'fleet-readings',
      source: 'fleet.readings',
      deadLetter: 'fleet.readings.unindexed',
      to: { index: readingsIndex },
    },
    {
      name: 'fleet-minutes',
      source: 'fleet.minutes',
      deadLetter: 'fleet.minutes.dead',
      to: { index: minutesIndex },
    },
    {
      name: 'fleet-findings',
      source: 'fleet.findings',
      deadLetter: 'fleet.findings.dead',
      to: { index: findingsIndex },
    },
  ],
  simulator,
  application,
  page: {
    service: 'enricher',
    folder: new URL('page/', import.meta.url),
    libraries: { 'echarts.js': 'echarts/dist/echarts.common.min.js' },
    live: {
      topics: ['fleet.readings', 'fleet.findings', 'weir.incidents', 'weir.notifications.attempts'],
      stages: ['alerter.fleet', 'alerter.deliveries'],
    },
  },
  links: [
    {
      at: 'enricher',
      path: '/fleet-anomalies/',
      doc: 'the page: trucks with their temperatures, and a button that makes one overheat',
    },
  ],
  subscriptions: [
    { topic: DRIVERS_TOPIC, protocol: 'email', name: 'drivers' },
    { topic: TEAM_TOPIC, protocol: 'email', name: 'team' },
    // The desk is told when something begins, and not when it is over.
    {
      topic: TEAM_TOPIC,
      protocol: 'http',
      name: 'desk',
      filterPolicy: { 'weir.incident.status': ['open'] },
    },
  ],
  tables: {
    'cargo-classes': { entry: cargoClass, seed: cargoClasses },
    [TRUCK_FAULTS]: { entry: truckFault, seed: {} },
  },
} as const satisfies Solution
