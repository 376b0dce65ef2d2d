/** The trucks that reported lately, with their temperatures of the last minutes. Bounded, whatever is reported. */
import type { TruckFault } from './faults.ts'
import type { TruckReading } from './generated/types.ts'

/** [ms since the epoch, engine, container, outside], °C. */
type Temperatures = readonly [
  at: number,
  engine: number | null,
  container: number | null,
  ambient: number | null,
]

/** Trucks that are remembered. The one whose last reading is the oldest is forgotten first. */
const MAX_KNOWN = 2000
const MAX_SHOWN = 1000
/** A truck that reports more often is drawn once a second. */
const STEP_MS = 1000
/** A time further ahead is not believed, as in the detection. */
const MAX_AHEAD_MS = 300_000
/** A truck that is silent for this long is not shown. */
const GONE_MS = 3_600_000

interface Truck {
  last: TruckReading
  /** Oldest first. */
  readonly temperatures: Temperatures[]
}

export class Trucks {
  /** How far back the temperatures of a truck go. */
  static readonly KEPT_MS = 300_000
  /** The truck that reported last comes last. */
  readonly #trucks = new Map<string, Truck>()

  add(reading: TruckReading): void {
    const { truckId, eventTime, engineTemperature, containerTemperature, ambientTemperature } = reading
    if (eventTime > Date.now() + MAX_AHEAD_MS) return
    const truck = this.#trucks.get(truckId) ?? { last: reading, temperatures: [] }
    this.#trucks.delete(truckId)
    this.#trucks.set(truckId, truck)
    if (this.#trucks.size > MAX_KNOWN) this.#trucks.delete(this.#trucks.keys().next().value!)
    if (eventTime < truck.last.eventTime) return
    truck.last = reading
    const { temperatures } = truck
    if (eventTime - (temperatures.at(-1)?.[0] ?? -Infinity) < STEP_MS) return
    temperatures.push([
      eventTime,
      tenths(engineTemperature),
      tenths(containerTemperature),
      tenths(ambientTemperature),
    ])
    while (temperatures[0][0] < eventTime - Trucks.KEPT_MS) temperatures.shift()
  }

  readingsOf(id: string): readonly Temperatures[] {
    return this.#trucks.get(id)?.temperatures ?? []
  }

  /** Returns the trucks in the order of their names, and how many are left out. */
  shown(now: number, faultOf: (truck: string) => TruckFault | null) {
    for (const [id, { last }] of this.#trucks) if (last.eventTime < now - GONE_MS) this.#trucks.delete(id)
    const ids = [...this.#trucks.keys()].sort()
    const trucks = ids.slice(0, MAX_SHOWN).map((id) => {
      const { last } = this.#trucks.get(id)!
      const { cargoClass, position, speed, engineTemperature, containerTemperature, ambientTemperature } =
        last
      return {
        id,
        cargoClass,
        lat: position.lat,
        lon: position.lon,
        speed: tenths(speed),
        engine: tenths(engineTemperature),
        container: tenths(containerTemperature),
        ambient: tenths(ambientTemperature),
        at: last.eventTime,
        fault: faultOf(id),
      }
    })
    return { trucks, more: ids.length - trucks.length }
  }
}

/** Contracts have 32-bit floats, whose decimals go on for long. */
const tenths = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10)
