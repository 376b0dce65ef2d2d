/**
 * Taxis at work in Manhattan: they cruise, pick up passengers, wait at lights and report once a second.
 * Deterministic for a seed.
 */
import { randomFrom } from '../random.ts'
import type { SimulatorDefinition } from '../simulation.ts'
import { BLOCK_CROSSTOWN, BLOCK_UPTOWN, quarters, toPosition, UPTOWN_HEADING } from './manhattan.ts'

const REPORT_EVERY_MS = 1000
/** After a longer silence (a laptop that slept), a world continues from now instead of catching up. */
const MAX_CATCH_UP_MS = 10_000

export const simulator: SimulatorDefinition = {
  to: { topic: 'taxi.telemetry' },
  world: ({ devices, seed }) => {
    const random = randomFrom(seed)
    const taxis = Array.from({ length: devices }, (_, number) => new Taxi(number, random))
    return {
      next: (now) => {
        const reports = []
        for (const taxi of taxis) for (const report of taxi.until(now)) reports.push(report)
        return reports
      },
    }
  },
}

class Taxi {
  readonly #id: string
  readonly #random: () => number
  readonly #electric: boolean
  readonly #phase: number
  #last = -1
  #trip = 0
  #occupied = false
  #waitSeconds: number
  #speed = 0
  #heading = UPTOWN_HEADING
  #energy: number
  #temperature = 60
  #uptown: number
  #crosstown: number
  #goal: readonly [number, number]

  constructor(number: number, random: () => number) {
    this.#id = `taxi-${String(number).padStart(4, '0')}`
    this.#random = random
    this.#electric = random() < 0.3
    this.#phase = Math.floor(random() * REPORT_EVERY_MS)
    this.#energy = 30 + random() * 70
    ;[this.#uptown, this.#crosstown] = this.#somewhere()
    this.#goal = this.#somewhere()
    this.#waitSeconds = Math.floor(random() * 20)
    if (random() < 0.6) this.#pickUp()
  }

  /** Returns the reports due since the last call, oldest first. */
  until(now: number): Record<string, unknown>[] {
    const latest = Math.floor((now - this.#phase) / REPORT_EVERY_MS) * REPORT_EVERY_MS + this.#phase
    if (this.#last < 0 || latest - this.#last > MAX_CATCH_UP_MS) this.#last = latest - REPORT_EVERY_MS
    const reports = []
    while (this.#last < latest) {
      this.#last += REPORT_EVERY_MS
      this.#drive()
      reports.push(this.#report(this.#last))
    }
    return reports
  }

  /** Drives for one second: along the avenue first, then across. Lights and passengers make the taxi wait. */
  #drive(): void {
    if (this.#waitSeconds > 0) {
      this.#waitSeconds--
      this.#speed = 0
      this.#temperature += (75 - this.#temperature) * 0.01
      return
    }
    const along = this.#goal[0] - this.#uptown
    const across = this.#goal[1] - this.#crosstown
    const onAvenue = Math.abs(along) > BLOCK_UPTOWN / 2
    this.#speed = Math.min(48, Math.max(8, this.#speed + (this.#random() - 0.45) * 12))
    const distance = this.#speed / 3600
    if (onAvenue) {
      this.#heading = along > 0 ? UPTOWN_HEADING : UPTOWN_HEADING + 180
      this.#uptown += Math.sign(along) * Math.min(distance, Math.abs(along))
    } else if (Math.abs(across) > BLOCK_CROSSTOWN / 10) {
      this.#heading = across > 0 ? UPTOWN_HEADING + 90 : UPTOWN_HEADING + 270
      this.#crosstown += Math.sign(across) * Math.min(distance, Math.abs(across))
    } else {
      this.#arrive()
    }
    if (this.#random() < 0.02) this.#waitSeconds = 5 + Math.floor(this.#random() * 25)
    this.#energy = this.#energy < 5 ? 100 : this.#energy - distance * (this.#electric ? 0.35 : 0.12)
    this.#temperature += (92 - this.#temperature) * 0.02 + (this.#random() - 0.5) * 0.4
  }

  #arrive(): void {
    if (this.#occupied) {
      this.#occupied = false
      this.#waitSeconds = 10 + Math.floor(this.#random() * 50)
    } else {
      this.#pickUp()
    }
    this.#goal = this.#somewhere()
  }

  #pickUp(): void {
    this.#occupied = true
    this.#trip++
    this.#waitSeconds = 8
  }

  #report(time: number): Record<string, unknown> {
    return {
      deviceId: this.#id,
      tripId: this.#occupied ? `${this.#id}-${this.#trip}` : null,
      position: toPosition(this.#uptown, this.#crosstown),
      speed: Math.round(this.#speed * 10) / 10,
      heading: this.#heading % 360,
      fuel: this.#electric ? null : Math.round(this.#energy * 10) / 10,
      charge: this.#electric ? Math.round(this.#energy * 10) / 10 : null,
      engineTemperature: Math.round((this.#electric ? this.#temperature / 2 : this.#temperature) * 10) / 10,
      occupied: this.#occupied,
      eventTime: time,
    }
  }

  /** Picks a crossing in a quarter, chosen by demand. */
  #somewhere(): readonly [number, number] {
    const total = quarters.reduce((sum, quarter) => sum + quarter.demand, 0)
    let pick = this.#random() * total
    const quarter = quarters.find(({ demand }) => (pick -= demand) < 0) ?? quarters[0]
    const within = ([from, to]: readonly [number, number], block: number) =>
      Math.round((from + this.#random() * (to - from)) / block) * block
    return [within(quarter.uptown, BLOCK_UPTOWN), within(quarter.crosstown, BLOCK_CROSSTOWN)]
  }
}
