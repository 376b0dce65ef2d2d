import type { Solution } from '../solution.ts'
import { cargoClass, cargoClasses } from './cargo-classes.ts'
import { detection } from './detection.ts'
import { findingsIndex, readingsIndex } from './indices.ts'
import { simulator } from './simulator.ts'
import { topics } from './topics.ts'

/** Trucks with dangerous cargo: sensors → hub → detectors → findings. */
export const solution = {
  name: 'fleet-anomalies',
  title: 'Fleet anomalies',
  topics,
  detections: [detection],
  functions: [
    {
      name: 'fleet-alerts',
      folder: new URL('functions/', import.meta.url),
      handler: 'alerts.handler',
      memoryMb: 256,
      timeoutMs: 10_000,
      concurrency: 2,
      environment: ({ snsUrl, credentials }) => ({
        ...credentials,
        AWS_ENDPOINT_URL_SNS: snsUrl,
        DRIVERS_TOPIC: 'fleet-drivers',
        TEAM_TOPIC: 'fleet-team',
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
      name: 'fleet-findings',
      source: 'fleet.findings',
      deadLetter: 'fleet.findings.dead',
      to: { index: findingsIndex },
    },
  ],
  simulator,
  tables: { 'cargo-classes': { entry: cargoClass, seed: cargoClasses } },
} as const satisfies Solution
