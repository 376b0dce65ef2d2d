/** The simulated shop in a quicker time. */
import type { SimulatorDefinition } from '../../simulation.ts'

/** The times of reports and of controls. Others are not there, or null. */
const TIMES = ['eventTime', 'nextDeliveryAt', 'startedAt']

/**
 * Plays a simulator faster: its hours have the same reports, which come in less time. Reports have the times at which
 * they come.
 * @param times the factor
 */
export function quickened(simulator: SimulatorDefinition, times: number): SimulatorDefinition {
  return {
    ...simulator,
    world: (options) => {
      const world = simulator.world(options)
      const from = Date.now()
      const inside = (time: number): number => from + (time - from) * times
      const outside = (time: number): number => Math.floor(from + (time - from) / times)
      return {
        next: (now, controls = new Map(), items) => {
          const seen = new Map([...controls].map(([id, entry]) => [id, withTimes(entry as object, inside)]))
          return world.next(inside(now), seen, items).map((report) => withTimes(report, outside))
        },
      }
    },
  }
}

function withTimes<T extends object>(value: T, convert: (time: number) => number): T {
  const changed = Object.entries(value).map(([name, one]) => [
    name,
    TIMES.includes(name) && typeof one === 'number' ? convert(one) : one,
  ])
  return Object.fromEntries(changed) as T
}
