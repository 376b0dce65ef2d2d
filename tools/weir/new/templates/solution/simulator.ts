/** Simulates sensors that measure once a second. Deterministic for a seed. */
import type { SimulatorDefinition } from '../simulation.ts'
import type { ExampleThingReceived } from './generated/types.ts'

const EVERY_MS = 1000

export const simulator: SimulatorDefinition = {
  to: { topic: 'example-thing.received' },
  world: ({ devices, seed }) => {
    let state = seed >>> 0
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32
    }
    let due = 0
    const reading = (now: number, sensor: number): ExampleThingReceived => ({
      sensorId: `sensor-${sensor}`,
      value: Math.round((10 + 25 * random()) * 10) / 10,
      eventTime: now,
    })
    return {
      next: (now) => {
        if (now < due) return []
        due = now + EVERY_MS
        return Array.from({ length: devices }, (_, sensor) => ({ ...reading(now, sensor) }))
      },
    }
  },
}
