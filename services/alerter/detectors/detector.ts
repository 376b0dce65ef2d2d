/**
 * The interface of detectors. A detector judges the readings of one series, which is one sensor of one
 * device. It gives a model; `Series` does for all models what they have in common: the order of readings,
 * deviations with a beginning and an end, findings, and state as bytes.
 */
import type { StateReader, StateWriter } from './bytes.ts'
import {
  type Parameters,
  type RawSettings,
  readSettings,
  SettingError,
  type SettingsOf,
} from './parameters.ts'

/** What a model says about one reading. The same object is used for all of them. */
export interface Verdict {
  /** The deviation as a multiple of what is allowed: above 1 the reading deviates. 0: nothing can be said. */
  excess: number
  /** A deviation ends when the excess is not above this: 1, or less for hysteresis. */
  calm: number
  /** The range of values that was expected. -Infinity and Infinity: no limit. */
  low: number
  high: number
  /** The time at which the deviation began, if that was before this reading. */
  sinceMs: number
}

/** What the sentence of a finding is made from. */
export interface Deviation {
  readonly timeMs: number
  readonly value: number
  readonly sinceMs: number
  readonly low: number
  readonly high: number
  /** Writes a value with the unit of its sensor. */
  shown(value: number): string
}

export interface Model {
  /** Judges a reading by what came before it, then learns it. Times rise, unless the device's clock was set back. */
  judge(timeMs: number, value: number, verdict: Verdict): void
  /** One sentence without a full stop: why a reading deviates. Called right after `judge` or `tick`. */
  why(deviation: Deviation): string
  write(to: StateWriter): void
  /** Reads what `write` wrote, with these or other settings. Throws a StateError if it is of no use. */
  read(from: StateReader): void
  /**
   * Returns the time at which `tick` has something to say if no reading comes before.
   * @param listeningSinceMs silence counts from then on
   */
  due?(listeningSinceMs: number): number | undefined
  tick?(nowMs: number, verdict: Verdict): void
}

/** How long a deviation lasts before it is a finding, and what ends it; every detector has these. */
export const COMMON = {
  duration: {
    type: 'duration',
    default: 0,
    min: 0,
    max: 86_400_000,
    doc: 'How long every reading must deviate before that is a finding.',
  },
  recovery: {
    type: 'whole',
    unit: 'readings',
    default: 3,
    min: 1,
    max: 10_000,
    doc: 'How many usual readings in a row end a finding.',
  },
} as const satisfies Parameters

export interface CommonSettings {
  readonly duration: number
  readonly recovery: number
}

export interface Detector {
  readonly name: string
  /** One sentence for lists. */
  readonly doc: string
  /** Marks the state of this detector. Never give one to another detector. */
  readonly code: number
  readonly parameters: Parameters
  /** Checks settings. Throws a SettingError. */
  settings(given: RawSettings): CheckedSettings
  /** @param shared what the series of a class have in common, made by `shared` */
  model(settings: CheckedSettings, shared?: unknown): Model
  /** Only for detectors whose model can be shared by a class of devices. */
  readonly shared?: (settings: CheckedSettings, state?: Uint8Array) => Shared
}

/** What the series of a class of devices have in common, with state of its own. */
export interface Shared {
  encode(): Uint8Array
}

/** Settings that a detector has checked. */
export type CheckedSettings = CommonSettings & Readonly<Record<string, number | string>>

interface Definition<P extends Parameters> {
  readonly name: string
  readonly doc: string
  readonly code: number
  readonly parameters: P
  /** Returns what is wrong with settings together, in one sentence. */
  check?(settings: SettingsOf<P>): string | undefined
  model(settings: SettingsOf<P> & CommonSettings, shared?: unknown): Model
  shared?(settings: SettingsOf<P> & CommonSettings, state?: Uint8Array): Shared
}

/** Gives the settings of a detector the types of its parameters. */
export function defineDetector<const P extends Parameters>(definition: Definition<P>): Detector {
  const parameters: Parameters = { ...COMMON, ...definition.parameters }
  return {
    ...(definition as unknown as Detector),
    parameters,
    settings(given) {
      const settings = readSettings(parameters, given) as CheckedSettings
      const problem = definition.check?.(settings as never)
      if (problem !== undefined) throw new SettingError(problem)
      return settings
    },
  }
}
