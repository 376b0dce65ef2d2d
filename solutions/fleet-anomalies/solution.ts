import type { Solution } from '../solution.ts'
import { cargoClass, cargoClasses } from './cargo-classes.ts'
import { detection } from './detection.ts'
import { simulator } from './simulator.ts'
import { topics } from './topics.ts'

/** Trucks with dangerous cargo: sensors → hub → detectors → findings. */
export const solution = {
  name: 'fleet-anomalies',
  title: 'Fleet anomalies',
  topics,
  detections: [detection],
  simulator,
  tables: { 'cargo-classes': { entry: cargoClass, seed: cargoClasses } },
} as const satisfies Solution
