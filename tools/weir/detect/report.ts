/** What `weir detect` prints. */
import {
  delayOf,
  type Evaluation,
  precisionOf,
  recallOf,
  type Stretch,
} from '@weir/alerter/detectors/evaluation.ts'
import type { Finding } from '@weir/alerter/detectors/series.ts'
import type { Tuned } from '@weir/alerter/detectors/tuning.ts'
import { timeText } from '../replay/time.ts'
import { duration, table } from '../terminal/table.ts'
import type { SeriesFile } from './series-file.ts'

/** One line per deviation. */
export function findingsTable(found: readonly Finding[]): string {
  const ends = new Map(found.filter(({ status }) => status === 'resolved').map((one) => [one.id, one]))
  const rows = found
    .filter(({ status }) => status === 'open')
    .map(({ id, sinceMs, score, why }) => {
      const end = ends.get(id)
      const until = end?.untilMs === undefined ? 'open' : timeText(end.untilMs)
      return [timeText(sinceMs), until, (end?.score ?? score).toFixed(2), why]
    })
  return rows.length === 0 ? 'No findings.\n' : table(['SINCE', 'UNTIL', 'SCORE', 'WHY'], rows)
}

/** "4 of 5 labelled stretches found (recall 0.80), …" */
export function evaluationText(evaluation: Evaluation, intervalMs: number): string {
  const { detected, stretches, right, findings } = evaluation
  const delay = delayOf(evaluation)
  const late = delay === undefined ? '' : `; median delay ${delay} readings (${duration(delay * intervalMs)})`
  return `${detected} of ${stretches} labelled stretches found (recall ${ratio(recallOf(evaluation))}); ${right} of ${findings} findings in one (precision ${ratio(precisionOf(evaluation))})${late}`
}

const ratio = (value: number): string => (Number.isNaN(value) ? '-' : value.toFixed(2))

/** The usual time between two rows. */
export function intervalOf({ times }: SeriesFile): number {
  const steps = Array.from({ length: Math.min(times.length - 1, 1000) }, (_, i) => times[i + 1] - times[i])
  const known = steps.filter((step) => step > 0).sort((a, b) => a - b)
  return known[known.length >> 1] ?? 0
}

export function tunedText(detector: string, tuned: Tuned, files: readonly SeriesFile[]): string {
  const interval = intervalOf(files[0])
  const parts = files.map(({ path, times, values }, i) => {
    const { at, choosing, measuring } = tuned.splits[i]
    const count = (stretches: readonly Stretch[]): string => `${stretches.length} labelled stretches`
    const first = `rows 1 to ${at} (before ${timeText(times[Math.min(at, times.length - 1)])}, ${count(choosing)})`
    return `  ${path}: ${first} chose the settings, rows ${at + 1} to ${values.length} (${count(measuring)}) measured them\n`
  })
  const sets = Object.entries(tuned.settings).map(([name, value]) => ` --set ${name}=${value}`)
  return [
    `Tried ${tuned.tried} settings of ${detector}.\n`,
    ...parts,
    `Best:             --detector ${detector}${sets.join('')}\n`,
    `Choosing part:    ${evaluationText(tuned.chosenBy, interval)}\n`,
    `Measuring part:   ${evaluationText(tuned.measured, interval)}\n`,
    `Same, untuned:    ${evaluationText(tuned.before, interval)}\n`,
  ].join('')
}
