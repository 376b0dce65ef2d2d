/**
 * Trucks with dangerous cargo on the motorways around a few cities: they drive, stop and report once a second.
 * Deterministic for a seed.
 */
import { randomFrom } from '../random.ts'
import type { SimulatorDefinition } from '../simulation.ts'
import { type CargoClassId, cargoClasses } from './cargo-classes.ts'
import { TRUCK_FAULTS, type TruckFault } from './faults.ts'
import type { TruckReading } from './generated/types.ts'

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
/** The share of the difference to its goal by which a temperature changes in a second. */
const ENGINE_RATE = 0.01
const CONTAINER_RATE = 0.002
/** The same for a temperature that is further than this from its goal, °C. */
const FAR = 5
const FAR_RATE = 0.08
/** How much hotter an engine and a container become without cooling, °C. */
const UNCOOLED_ENGINE = 60
const UNCOOLED_CONTAINER = 15
/** How fast a fire heats, and its temperature, °C. */
const FIRE_PER_SECOND = 5
const FIRE = 600
const DRIFT_PER_SECOND = 0.5
/** The greatest error of a sensor, °C. */
const SENSOR_NOISE = 0.2
const HALF_DAY_MS = 43_200_000

export const simulator: SimulatorDefinition = {
  to: { mqtt: ({ truckId }: TruckReading) => `fleet/${truckId}/readings` },
  controls: TRUCK_FAULTS,
  world: ({ devices, seed }) => {
    const random = randomFrom(seed)
    const trucks = Array.from({ length: devices }, (_, number) => new Truck(number, random))
    return {
      next: (now, faults) =>
        trucks.flatMap((truck) =>
          truck.until(now, (faults?.get(truck.id) as { fault: TruckFault } | undefined)?.fault),
        ),
    }
  },
}

class Truck {
  readonly id: string
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
  /** What the sensor of the container shows too much, °C. */
  #drift = 0
  /** What the sensors show, °C. */
  #shown = { engineTemperature: 0, containerTemperature: 0, ambientTemperature: 0 }

  constructor(number: number, random: () => number) {
    this.id = `truck-${String(number).padStart(3, '0')}`
    this.#random = random
    this.#cargoClass = CLASSES[number % CLASSES.length]
    this.#phase = Math.floor(random() * REPORT_EVERY_MS)
    this.#from = Math.floor(random() * CITIES.length)
    this.#to = this.#elsewhere()
    this.#driven = random() * 40
    this.#container = this.#containerGoal()
  }

  /** Returns the readings due since the last call, oldest first. */
  until(now: number, fault: TruckFault | undefined): Record<string, unknown>[] {
    const latest = Math.floor((now - this.#phase) / REPORT_EVERY_MS) * REPORT_EVERY_MS + this.#phase
    if (this.#last < 0 || latest - this.#last > MAX_CATCH_UP_MS) this.#last = latest - REPORT_EVERY_MS
    const readings = []
    while (this.#last < latest) {
      this.#last += REPORT_EVERY_MS
      this.#drive()
      this.#heat(ambientAt(this.#last), fault)
      if (fault !== 'stuck') this.#measure(ambientAt(this.#last))
      if (fault !== 'silence') readings.push(this.#reading(this.#last))
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
  }

  /** Changes the temperatures as a second does. */
  #heat(ambient: number, fault: TruckFault | undefined): void {
    this.#drift = fault === 'drift' ? this.#drift + DRIFT_PER_SECOND : 0
    if (fault === 'fire') {
      this.#engine = Math.min(FIRE, this.#engine + FIRE_PER_SECOND / 2)
      this.#container = Math.min(FIRE, this.#container + FIRE_PER_SECOND)
      return
    }
    const uncooled = fault === 'cooling'
    const engine = 78 + 20 * this.#load + (uncooled ? UNCOOLED_ENGINE : 0)
    const container = uncooled ? ambient + UNCOOLED_CONTAINER : this.#containerGoal()
    this.#engine = approach(this.#engine, engine, ENGINE_RATE)
    this.#container = approach(this.#container, container, CONTAINER_RATE)
  }

  /** Takes what the sensors show. */
  #measure(ambient: number): void {
    const noise = (): number => (this.#random() - 0.5) * 2 * SENSOR_NOISE
    this.#shown = {
      engineTemperature: tenths(this.#engine + noise()),
      containerTemperature: tenths(this.#container + this.#drift + noise()),
      ambientTemperature: tenths(ambient),
    }
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
      truckId: this.id,
      cargoClass: this.#cargoClass,
      position: { lat: lat + (toLat - lat) * share, lon: lon + (toLon - lon) * share },
      speed: tenths(this.#speed),
      load: Math.round(this.#load * 100) / 100,
      ...this.#shown,
      eventTime: time,
    }
  }
}

/** Returns the temperature a second later. */
const approach = (from: number, to: number, rate: number): number =>
  from + (to - from) * (Math.abs(to - from) > FAR ? FAR_RATE : rate)

/** Warm and cold once a day. */
const ambientAt = (time: number): number => 15 + 5 * Math.sin((time / HALF_DAY_MS) * Math.PI)

const tenths = (value: number): number => Math.round(value * 10) / 10
