/** The series of devices, as objects while they are in use, and as bytes in the states of the partition. */
import type { DetectorStates } from '@weir/contracts'
import type { Logger } from '@weir/service'
import type { Keyed } from '@weir/state'
import { type Finding, Series } from '../detectors/series.ts'
import type { Plan, Watch } from './plans.ts'

/** The series of a device, one for each watch of its plan. */
interface Live {
  readonly plan: Plan
  readonly series: Series[]
}

/** A device that is silent for this long is forgotten, so that no client fills the states for ever. */
const FORGOTTEN_MS = 30 * 24 * 3_600_000

export class Devices {
  readonly #log: Pick<Logger, 'error'>
  readonly #listeningSinceMs: number
  /** A state that is read again has a new object, and its series are made from its bytes. */
  readonly #live = new WeakMap<Keyed<DetectorStates>, Live>()

  /** @param listeningSinceMs no device is called silent for what it did not send before */
  constructor(log: Pick<Logger, 'error'>, listeningSinceMs: number) {
    this.#log = log
    this.#listeningSinceMs = listeningSinceMs
  }

  /** Feeds a value to each series whose sensor has one. */
  feed(keyed: Keyed<DetectorStates>, plan: Plan, record: unknown, timeMs: number, found: Finding[]): void {
    const live = this.#liveOf(keyed, plan)
    for (const [i, watch] of plan.entries()) {
      const value = watch.value(record)
      if (value !== null) this.#run(keyed, live, i, (series) => series.feed(timeMs, value, found))
    }
  }

  /** Tells the time to all series of a device. */
  tick(keyed: Keyed<DetectorStates>, plan: Plan, nowMs: number, found: Finding[]): void {
    const live = this.#liveOf(keyed, plan)
    for (const i of plan.keys()) this.#run(keyed, live, i, (series) => series.tick(nowMs, found))
  }

  /** A detector that throws has a mistake. Its series begins anew, and the others go on. */
  #run(
    { key }: Keyed<DetectorStates>,
    { plan, series }: Live,
    i: number,
    work: (series: Series) => void,
  ): void {
    try {
      work(series[i])
    } catch (error) {
      const { sensor, detector } = plan[i]
      this.#log.error(
        { err: error, device: key.toString(), sensor, detector: detector.name },
        'a detector failed, and begins anew for the sensor',
      )
      series[i] = this.#seriesOf(plan[i], undefined)
    }
  }

  /** Whether a device was last heard so long ago that it has no state any more. */
  isForgotten({ value }: Keyed<DetectorStates>, nowMs: number): boolean {
    return nowMs >= value!.heardAt + FORGOTTEN_MS
  }

  /** Leaves a device alone until it reports again: it is forgotten, or the table has lost its class. */
  rest(keyed: Keyed<DetectorStates>, nowMs: number): void {
    const value = keyed.value!
    keyed.value = this.isForgotten(keyed, nowMs)
      ? undefined
      : { ...value, dueAt: value.heardAt + FORGOTTEN_MS }
    this.#live.delete(keyed)
  }

  /** Puts what became of the series into the state. */
  save(
    keyed: Keyed<DetectorStates>,
    { classOf, heardAt }: Pick<DetectorStates, 'classOf' | 'heardAt'>,
  ): void {
    const { plan, series } = this.#live.get(keyed)!
    let dueAt = heardAt + FORGOTTEN_MS
    const states = series.map((one, i) => {
      dueAt = Math.min(dueAt, one.due() ?? Infinity)
      return { sensor: plan[i].sensor, detector: plan[i].detector.name, state: bufferOf(one.encode()) }
    })
    keyed.value = { series: states, classOf, heardAt, dueAt: Math.ceil(dueAt) }
  }

  /** If the plan has changed, each series goes on with the new settings. */
  #liveOf(keyed: Keyed<DetectorStates>, plan: Plan): Live {
    const known = this.#live.get(keyed)
    if (known?.plan === plan) return known
    const before = known === undefined ? statesIn(keyed.value) : statesOf(known)
    const live = { plan, series: plan.map((watch) => this.#seriesOf(watch, before.get(nameOf(watch)))) }
    this.#live.set(keyed, live)
    return live
  }

  #seriesOf({ sensor, unit, detector, settings }: Watch, state: Uint8Array | undefined): Series {
    return new Series(detector, settings, {
      sensor,
      ...(unit !== undefined && { unit }),
      state,
      listeningSinceMs: this.#listeningSinceMs,
    })
  }
}

const nameOf = ({ sensor, detector }: Watch): string => `${sensor}/${detector.name}`

const statesIn = (value: DetectorStates | undefined): ReadonlyMap<string, Uint8Array> =>
  new Map(value?.series.map(({ sensor, detector, state }) => [`${sensor}/${detector}`, state]))

const statesOf = ({ plan, series }: Live): ReadonlyMap<string, Uint8Array> =>
  new Map(series.map((one, i) => [nameOf(plan[i]), one.encode()]))

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)
