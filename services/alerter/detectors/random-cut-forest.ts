/**
 * Random Cut Forest (Guha et al., ICML 2016) over shingles of the last readings and of their changes. The
 * forest belongs to one series, or is shared by the series of a class of devices; then the state of a series
 * is its shingles and thresholds alone.
 */
import { StateError, StateReader, StateWriter } from './bytes.ts'
import {
  type CommonSettings,
  type Deviation,
  defineDetector,
  type Model,
  type Shared,
  type Verdict,
} from './detector.ts'
import { readForest, writeForest } from './forest/codec.ts'
import { Forest } from './forest/forest.ts'
import { View } from './forest/view.ts'
import type { SettingsOf } from './parameters.ts'

const parameters = {
  trees: {
    type: 'whole',
    unit: 'trees',
    default: 50,
    min: 10,
    max: 200,
    doc: 'The number of trees per view.',
  },
  sample: {
    type: 'whole',
    unit: 'points',
    default: 256,
    min: 32,
    max: 1024,
    doc: 'How many points each tree keeps.',
  },
  shingle: {
    type: 'whole',
    unit: 'readings',
    default: 8,
    min: 1,
    max: 64,
    tries: [4, 8, 16, 32],
    doc: 'How many readings in a row are judged together.',
  },
  timeDecay: {
    type: 'whole',
    unit: 'readings',
    default: 2560,
    min: 100,
    max: 10_000_000,
    doc: 'After so many readings a point has 1/e of its weight in the samples (1/λ).',
  },
  deviations: {
    type: 'number',
    unit: 'standard deviations',
    default: 8,
    min: 1,
    max: 100,
    tries: [5, 6, 7, 8, 10, 12, 16],
    doc: 'How far above the mean of the scores the threshold is.',
  },
  view: {
    type: 'choice',
    default: 'both',
    choices: ['both', 'values', 'changes'],
    tries: ['both', 'values', 'changes'],
    doc: 'values finds unusual levels and courses, changes finds unusual jumps and noise.',
  },
  seed: {
    type: 'whole',
    default: 1,
    min: 0,
    max: 4_294_967_295,
    doc: 'Equal readings have equal scores for a seed.',
  },
  recovery: {
    type: 'whole',
    unit: 'readings',
    default: 8,
    min: 1,
    max: 10_000,
    doc: 'How many usual readings in a row end a finding.',
  },
} as const

type Settings = SettingsOf<typeof parameters> & CommonSettings

const viewsOf = ({ view }: Settings): ('values' | 'changes')[] =>
  view === 'both' ? ['values', 'changes'] : [view]

const optionsOf = ({ trees, sample, shingle, timeDecay, seed }: Settings, view: number) => ({
  trees,
  sampleSize: sample,
  dimensions: shingle,
  decay: 1 / timeDecay,
  seed: seed + view,
})

/** The forests of a class of devices, one per view. */
class SharedForests implements Shared {
  readonly forests: readonly Forest[]

  constructor(settings: Settings, from?: StateReader) {
    this.forests = viewsOf(settings).map((_, i) => {
      const options = optionsOf(settings, i)
      return from === undefined ? new Forest(options) : readForest(options, from)
    })
  }

  encode(): Uint8Array {
    const to = new StateWriter()
    for (const forest of this.forests) writeForest(forest, to)
    return to.finish()
  }
}

class RandomCutForest implements Model {
  readonly #settings: Settings
  readonly #isShared: boolean
  readonly #views: readonly View[]
  /** The view that deviates most. */
  #worst: View | undefined

  constructor(settings: Settings, shared: SharedForests | undefined) {
    this.#settings = settings
    this.#isShared = shared !== undefined
    const { forests } = shared ?? new SharedForests(settings)
    this.#views = viewsOf(settings).map((kind, i) => new View(kind, forests[i]!))
  }

  judge(_timeMs: number, value: number, verdict: Verdict): void {
    const { deviations } = this.#settings
    this.#worst = undefined
    for (const view of this.#views) {
      const excess = view.excess(value, deviations)
      if (excess <= verdict.excess) continue
      verdict.excess = excess
      this.#worst = view
    }
    const explanation = this.#worst?.explanation
    if (explanation === undefined) return
    verdict.low = explanation.low
    verdict.high = explanation.high
  }

  why({ value, low, high, shown }: Deviation): string {
    const { shares } = this.#worst!.explanation!
    const what = this.#worst!.kind
    const largest = shares.indexOf(Math.max(...shares))
    const age = shares.length - 1 - largest
    const share = `${Math.round(shares[largest]! * 100)} % of the score`
    const due = age === 0 ? `${share} is due to it` : `${share} is due to the reading ${age} before it`
    if (value >= low && value <= high)
      return `has an unusual course: the ${what} of the last ${shares.length} readings were never like this; ${due}`
    return `was ${shown(value)}, but after the ${what} before it ${shown(low)} to ${shown(high)} was expected; ${due}`
  }

  write(to: StateWriter): void {
    to.u8(this.#isShared ? 1 : 0)
    for (const view of this.#views) {
      view.write(to)
      if (!this.#isShared) writeForest(view.forest, to)
    }
  }

  read(from: StateReader): void {
    const wasShared = from.u8() === 1
    for (const [i, view] of this.#views.entries()) {
      view.read(from)
      if (wasShared !== this.#isShared) throw new StateError('its forest was shared, or is now')
      if (!wasShared) view.forest = readForest(optionsOf(this.#settings, i), from)
    }
  }
}

export const randomCutForest = defineDetector({
  name: 'random-cut-forest',
  doc: 'Random Cut Forest over the last readings and their changes; finds most kinds of anomalies.',
  code: 8,
  parameters,
  model: (settings, shared) => new RandomCutForest(settings, shared as SharedForests | undefined),
  shared: (settings, state) => new SharedForests(settings, state && new StateReader(state)),
})
