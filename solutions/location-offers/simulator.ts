/** Simulates people who sign up in and around cities of the world. Deterministic for a seed. */
import type { SimulatorDefinition } from '../simulation.ts'
import { areas } from './areas.ts'

/** Signups per second for every ten devices. */
const RATE = 1
/** One signup in `ELSEWHERE` comes from a place outside every service area. */
const ELSEWHERE = 8
const KM_A_DEGREE = 111.2

export interface Signup {
  readonly signupId: string
  readonly userId: string
  readonly position: { readonly lat: number; readonly lon: number }
  /** Ms since the epoch. */
  readonly signedUpAt: number
}

export const simulator: SimulatorDefinition = {
  to: { stream: 'signups', key: ({ userId }: Signup) => userId },
  world: ({ devices, seed }) => {
    let state = seed >>> 0
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    const cities = Object.values(areas)
    let made = 0
    let last = -1
    const signup = (now: number): Signup => {
      const { lat, lon, radiusKm } = cities[Math.floor(random() * cities.length)]
      const reach = Math.floor(random() * ELSEWHERE) === 0 ? radiusKm * 4 : radiusKm * 0.9
      const [angle, distance] = [random() * 2 * Math.PI, Math.sqrt(random()) * reach]
      const position = {
        lat: Number((lat + (distance * Math.cos(angle)) / KM_A_DEGREE).toFixed(5)),
        lon: Number(
          (lon + (distance * Math.sin(angle)) / (KM_A_DEGREE * Math.cos((lat * Math.PI) / 180))).toFixed(5),
        ),
      }
      return {
        signupId: `sim-${seed}-${made}`,
        userId: `user-${seed % 1000}-${made++}`,
        position,
        signedUpAt: now,
      }
    }
    return {
      next: (now) => {
        const due = last < 0 ? 1 : Math.min(100, Math.floor(((now - last) / 1000) * (devices / 10) * RATE))
        if (due > 0) last = now
        return Array.from({ length: due }, () => signup(now)) as unknown as Record<string, unknown>[]
      },
    }
  },
}
