/** Parameters of detectors: described once, for checks, for help, and for configuration. */

interface Described {
  /** One sentence. */
  readonly doc: string
  /** Values that a search for good settings tries. */
  readonly tries?: readonly (number | string)[]
}

export interface NumberParameter extends Described {
  /** Durations are in milliseconds; as text they may have a unit: 500ms, 10s, 5m, 1h, 7d. */
  readonly type: 'number' | 'whole' | 'duration'
  /** The unit of the value, for people. `value` stands for the unit of the sensor. */
  readonly unit?: string
  readonly default: number
  readonly min: number
  readonly max: number
}

export interface ChoiceParameter extends Described {
  readonly type: 'choice'
  readonly default: string
  readonly choices: readonly string[]
}

export type Parameter = NumberParameter | ChoiceParameter
export type Parameters = Readonly<Record<string, Parameter>>

export type SettingsOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends ChoiceParameter ? P[K]['choices'][number] : number
}

/** Values by name, as a file or a command line gives them. */
export type RawSettings = Readonly<Record<string, unknown>>

/** A setting cannot be used; the message says which one, and what it must be. */
export class SettingError extends Error {
  override readonly name = 'SettingError'
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Completes settings by defaults. Throws a SettingError for the first one that cannot be used. */
export function readSettings<P extends Parameters>(parameters: P, given: RawSettings): SettingsOf<P> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(parameters, name))
      throw new SettingError(
        `There is no parameter "${name.slice(0, 40)}"; there are ${Object.keys(parameters).join(', ')}.`,
      )
  }
  const all = Object.entries(parameters).map(([name, parameter]) => {
    const value = given[name]
    return [name, value === undefined ? parameter.default : readOne(name, parameter, value)]
  })
  return Object.fromEntries(all) as SettingsOf<P>
}

function readOne(name: string, parameter: Parameter, value: unknown): number | string {
  const shown = typeof value === 'string' ? `"${value.slice(0, 40)}"` : String(value).slice(0, 40)
  if (parameter.type === 'choice') {
    if (parameter.choices.includes(value as string)) return value as string
    throw new SettingError(`${name} is ${shown}; it must be ${parameter.choices.join(' or ')}.`)
  }
  const number = numberOf(parameter, value)
  const isWhole = parameter.type === 'number' || Number.isInteger(number)
  if (number >= parameter.min && number <= parameter.max && isWhole) return number
  throw new SettingError(`${name} is ${shown}; it must be ${wanted(parameter)}.`)
}

function numberOf({ type }: NumberParameter, value: unknown): number {
  if (typeof value === 'number') return value
  const [, digits, unit] = /^\s*(-?\d{1,16}(?:\.\d{1,12})?(?:e[-+]?\d{1,3})?)\s*([a-z]*)\s*$/i.exec(
    String(value).slice(0, 64),
  ) ?? [undefined, '', '']
  if (digits === '' || (unit !== '' && type !== 'duration')) return Number.NaN
  return Number(digits) * (unit === '' ? 1 : (UNITS_MS[unit!] ?? Number.NaN))
}

/** What the value of a parameter must be: "a whole number of readings from 8 to 4096". */
export function wanted({ type, unit, min, max }: NumberParameter): string {
  if (type === 'duration')
    return `a duration such as 500ms, 10s, 5m or 1h, from ${text(min)}ms to ${time(max)}`
  const kind = type === 'whole' ? 'a whole number' : 'a number'
  const of = unit === undefined || unit === 'value' ? '' : ` of ${unit}`
  const from = Number.isFinite(min) ? ` from ${text(min)}` : ''
  const to = Number.isFinite(max) ? `${from === '' ? ' up' : ''} to ${text(max)}` : ''
  return `${kind}${of}${from}${to}`
}

const text = (value: number): string => String(value)

function time(value: number): string {
  const [unit, size] = Object.entries(UNITS_MS).findLast(
    ([, size]) => value >= size && value % size === 0,
  ) ?? ['ms', 1]
  return `${value / size}${unit}`
}

/** The default as people write it. */
export function shownDefault(parameter: Parameter): string {
  if (parameter.type === 'choice') return parameter.default
  if (!Number.isFinite(parameter.default)) return 'none'
  return parameter.type === 'duration' ? time(parameter.default) : text(parameter.default)
}
