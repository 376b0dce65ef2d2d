/** What is watched of the devices of a class, with settings from the reference table as it is now. */
import type { Logger } from '@weir/service'
import type { DetectionDefinition, ReferenceTable, SensorWatch } from '@weir/solutions'
import type { CheckedSettings, Detector } from '../detectors/detector.ts'
import { detectorNamed } from '../detectors/index.ts'
import { SettingError } from '../detectors/parameters.ts'

export interface Watch extends Pick<SensorWatch, 'sensor' | 'unit' | 'value'> {
  readonly detector: Detector
  readonly settings: CheckedSettings
}

/** The watches of a class. The same object as long as its settings stay the same. */
export type Plan = readonly Watch[]

export class Plans {
  readonly #definition: DetectionDefinition
  readonly #table: ReferenceTable
  readonly #log: Pick<Logger, 'error'>
  readonly #plans = new Map<string, Plan>()
  #version = -1

  /** Throws a SettingError for a detector that does not exist. */
  constructor(definition: DetectionDefinition, table: ReferenceTable, log: Pick<Logger, 'error'>) {
    this.#definition = definition
    this.#table = table
    this.#log = log
    for (const { detector } of definition.watches) detectorNamed(detector)
  }

  /** Returns the plan of a class; undefined for a class that the table does not have. */
  of(name: string): Plan | undefined {
    if (this.#table.version !== this.#version) {
      this.#plans.clear()
      this.#version = this.#table.version
    }
    const entry = this.#table.entries.get(name)
    if (entry === undefined) return undefined
    let plan = this.#plans.get(name)
    if (plan === undefined) this.#plans.set(name, (plan = this.#planFor(name, entry)))
    return plan
  }

  #planFor(name: string, entry: unknown): Plan {
    return this.#definition.watches.flatMap((watch): Watch[] => {
      const settings = watch.settings(entry)
      if (settings === undefined) return []
      const { sensor, unit, value } = watch
      const detector = detectorNamed(watch.detector)
      try {
        return [{ sensor, unit, value, detector, settings: detector.settings(settings) }]
      } catch (error) {
        if (!(error instanceof SettingError)) throw error
        const place = { detection: this.#definition.name, class: name, sensor, detector: watch.detector }
        this.#log.error(
          { err: error, ...place },
          'a sensor is not watched, because its settings cannot be used',
        )
        return []
      }
    })
  }
}
