/** The detectors. A new one is a line in this list. */
import { baseline, robustBaseline } from './baseline.ts'
import type { Detector } from './detector.ts'
import { flatLine } from './flat-line.ts'
import { missingData } from './missing-data.ts'
import { SettingError } from './parameters.ts'
import { randomCutForest } from './random-cut-forest.ts'
import { rateOfChange } from './rate-of-change.ts'
import { seasonal } from './seasonal.ts'
import { thresholds } from './thresholds.ts'

export const detectors: readonly Detector[] = [
  thresholds,
  baseline,
  robustBaseline,
  seasonal,
  rateOfChange,
  flatLine,
  missingData,
  randomCutForest,
]

/** Throws a SettingError for a name that no detector has. */
export function detectorNamed(name: string): Detector {
  const found = detectors.find((one) => one.name === name)
  if (found) return found
  throw new SettingError(
    `There is no detector "${name.slice(0, 40)}"; there are ${detectors.map((one) => one.name).join(', ')}.`,
  )
}
