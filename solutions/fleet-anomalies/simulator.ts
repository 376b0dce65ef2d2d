/**
 * Trucks with dangerous cargo on the motorways around a few cities: they drive, stop and report once a second.
 * Deterministic for a seed.
 */
import type { SimulatorDefinition } from '../solution.ts'
import { type CargoClassId, cargoClasses } from './cargo-classes.ts'

const REPORT_EVERY_MS = 1000
/** After a longer silence (a laptop that slept), a world continues from now instead of catching up. */
const MAX_CATCH_UP_MS = 10_000
const KM_PER_DEGREE = 111.195
const CLASSES = Object.keys(cargoClasses) as CargoClassId[]
/** Cities between which the trucks drive, by latitude and longitude. */
const CITIES = [
  [51.22, 4.4],
  [51.05, 3.72],
  [50.85, 4.35],
  [51.92, 4.48],
  [50.63, 5.57],
  [51.44, 5.47],
] as const
/** How fast the air outside, the engine and the container change a temperature: the share of the difference a second. */
const ENGINE_RATE = 0.01
const CONTAINER_RATE = 0.002
const HALF_DAY_MS = 43_200_000

export const simulator: SimulatorDefinition = {
  to: { topic: 'fleet.readings' },
  world: ({ devices, seed }) => {
    const random = randomFrom(seed)
    const trucks = Array.from({ length: devices }, (_, number) => new Truck(number, random))
    return { next: (now) => trucks.flatMap((truck) => truck.until(now)) }
  },
}

class Truck {
  readonly #id: string
  readonly #random: () => number
  readonly #cargoClass: CargoClassId
  readonly #phase: number
  #last = -1
  #from: number
  #to: number
  /** Kilometres since the last city. */
  #driven: number
  #waitSeconds = 0
  #speed = 80
  #load = 0.5
  #engine = 88
  #container: number

  constructor(number: number, random: () => number) {
    this.#id = `truck-${String(number).padStart(3, '0')}`
    this.#random = random
    this.#cargoClass = CLASSES[number % CLASSES.length]
    this.#phase = Math.floor(random() * REPORT_EVERY_MS)
    this.#from = Math.floor(random() * CITIES.length)
    this.#to = this.#elsewhere()
    this.#driven = random() * 40
    this.#container = this.#containerGoal()
  }

  /** Returns the readings due since the last call, oldest first. */
  until(now: number): Record<string, unknown>[] {
    const latest = Math.floor((now - this.#phase) / REPORT_EVERY_MS) * REPORT_EVERY_MS + this.#phase
    if (this.#last < 0 || latest - this.#last > MAX_CATCH_UP_MS) this.#last = latest - REPORT_EVERY_MS
    const readings = []
    while (this.#last < latest) {
      this.#last += REPORT_EVERY_MS
      this.#drive()
      readings.push(this.#reading(this.#last))
    }
    return readings
  }

  /** Drives for one second. */
  #drive(): void {
    const noise = this.#random() - 0.5
    if (this.#waitSeconds > 0) {
      this.#waitSeconds--
      this.#speed = 0
      this.#load = 0.1
    } else {
      this.#speed = Math.min(88, Math.max(50, this.#speed + noise * 4))
      this.#load = Math.min(1, Math.max(0.2, this.#load + noise * 0.05))
      this.#driven += this.#speed / 3600
      if (this.#driven > this.#distance()) this.#arrive()
    }
    this.#engine += (78 + 20 * this.#load - this.#engine) * ENGINE_RATE + noise * 0.2
    this.#container += (this.#containerGoal() - this.#container) * CONTAINER_RATE + noise * 0.05
  }

  #arrive(): void {
    this.#from = this.#to
    this.#to = this.#elsewhere()
    this.#driven = 0
    this.#waitSeconds = 60 + Math.floor(this.#random() * 240)
  }

  #elsewhere(): number {
    return (this.#from + 1 + Math.floor(this.#random() * (CITIES.length - 1))) % CITIES.length
  }

  #distance(): number {
    const [[lat, lon], [toLat, toLon]] = [CITIES[this.#from], CITIES[this.#to]]
    return Math.hypot(toLat - lat, (toLon - lon) * Math.cos((lat * Math.PI) / 180)) * KM_PER_DEGREE
  }

  /** The middle of what is normal for the cargo: the container is cooled or heated to it. */
  #containerGoal(): number {
    const { containerLow, containerHigh } = cargoClasses[this.#cargoClass]
    return (containerLow + containerHigh) / 2
  }

  #reading(time: number): Record<string, unknown> {
    const [[lat, lon], [toLat, toLon]] = [CITIES[this.#from], CITIES[this.#to]]
    const share = this.#driven / this.#distance()
    return {
      truckId: this.#id,
      cargoClass: this.#cargoClass,
      position: { lat: lat + (toLat - lat) * share, lon: lon + (toLon - lon) * share },
      speed: tenths(this.#speed),
      load: Math.round(this.#load * 100) / 100,
      engineTemperature: tenths(this.#engine),
      containerTemperature: tenths(this.#container),
      ambientTemperature: tenths(15 + 5 * Math.sin((time / HALF_DAY_MS) * Math.PI)),
      eventTime: time,
    }
  }
}

const tenths = (value: number): number => Math.round(value * 10) / 10

/** mulberry32: the same numbers everywhere for a seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
