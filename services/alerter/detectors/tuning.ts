/**
 * Searches settings of a detector by labelled series. The search sees only the first part of each series; the
 * rest measures what was found, so the measure is of data that chose nothing.
 */
import type { CheckedSettings, Detector } from './detector.ts'
import { type Evaluation, evaluate, f1Of, type Stretch, stretchesOf, together } from './evaluation.ts'
import { type RawSettings, SettingError } from './parameters.ts'
import { type Finding, Series } from './series.ts'

/** The part of the rows that chooses. */
const CHOOSING_PART = 0.6
/** The search ends after so many rounds over the parameters, or earlier if a round improves nothing. */
const MAX_ROUNDS = 2

export interface Labelled {
  readonly times: Float64Array
  readonly values: Float64Array
  readonly labels: Uint8Array
}

export interface Split {
  /** Rows before this one choose, the others measure. */
  readonly at: number
  readonly choosing: readonly Stretch[]
  readonly measuring: readonly Stretch[]
}

export interface Tuned {
  /** Only those that differ from what was given. */
  readonly settings: RawSettings
  readonly chosenBy: Evaluation
  readonly measured: Evaluation
  /** The measure of the settings that the search began with. */
  readonly before: Evaluation
  readonly splits: readonly Split[]
  readonly tried: number
}

/** The first stretch that the cut would divide belongs to the first part as a whole. */
export function split({ labels }: Labelled): Split {
  const stretches = stretchesOf(labels)
  const cut = Math.floor(labels.length * CHOOSING_PART)
  const divided = stretches.find(({ from, to }) => from < cut && to >= cut)
  const at = divided === undefined ? cut : divided.to + 1
  return {
    at,
    choosing: stretches.filter(({ to }) => to < at),
    measuring: stretches.filter(({ from }) => from >= at),
  }
}

/** Rows before `end` at which a finding was opened. */
export function openedIn(
  { times, values }: Labelled,
  detector: Detector,
  settings: CheckedSettings,
  end: number,
): number[] {
  const series = new Series(detector, settings, { sensor: 'value' })
  const opened: number[] = []
  const found: Finding[] = []
  for (let row = 0; row < end; row++) {
    series.feed(times[row]!, values[row]!, found)
    if (found.some(({ status }) => status === 'open')) opened.push(row)
    found.length = 0
  }
  return opened
}

/** @param onTry is awaited before each try, which takes as long as a detector needs for all series */
export async function tune(
  all: readonly Labelled[],
  detector: Detector,
  given: RawSettings,
  onTry: (tried: number) => Promise<void>,
): Promise<Tuned> {
  const tunable = Object.entries(detector.parameters).filter(([name, { tries }]) => tries && !(name in given))
  if (tunable.length === 0)
    throw new SettingError(`${detector.name} has no parameters to search; set them by what you know.`)
  const splits = all.map(split)
  const chosenBy = (settings: RawSettings): Evaluation =>
    together(
      all.map((one, i) =>
        evaluate(splits[i]!.choosing, openedIn(one, detector, detector.settings(settings), splits[i]!.at)),
      ),
    )
  let tried = 0
  let best = { settings: given, evaluation: chosenBy(given) }
  for (let round = 0, before = -1; round < MAX_ROUNDS && f1Of(best.evaluation) > before; round++) {
    before = f1Of(best.evaluation)
    for (const [name, { tries }] of tunable) {
      for (const value of tries!) {
        if (best.settings[name] === value) continue
        await onTry(++tried)
        const settings = { ...best.settings, [name]: value }
        const evaluation = chosenBy(settings)
        if (f1Of(evaluation) > f1Of(best.evaluation)) best = { settings, evaluation }
      }
    }
  }
  const measured = (settings: RawSettings): Evaluation =>
    together(all.map((one, i) => measure(one, splits[i]!, detector, detector.settings(settings))))
  return {
    settings: best.settings,
    chosenBy: best.evaluation,
    measured: measured(best.settings),
    before: measured(given),
    splits,
    tried,
  }
}

/** The detector sees the first part too, as it would have in service; only what it finds later counts. */
function measure(
  one: Labelled,
  { at, measuring }: Split,
  detector: Detector,
  settings: CheckedSettings,
): Evaluation {
  const opened = openedIn(one, detector, settings, one.values.length)
  return evaluate(
    measuring,
    opened.filter((row) => row >= at),
  )
}
