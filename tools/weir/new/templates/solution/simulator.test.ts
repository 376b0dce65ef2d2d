import { expect, test } from 'vitest'
import { simulator } from './simulator.ts'

test('every sensor measures once a second, and the same seed gives the same readings', () => {
  const [one, other] = [0, 1].map(() => simulator.world({ devices: 3, seed: 7 }))
  const first = one.next(1000)
  expect(first.map(({ sensorId }) => sensorId)).toEqual(['sensor-0', 'sensor-1', 'sensor-2'])
  expect(other.next(1000)).toEqual(first)
  expect(one.next(1500)).toEqual([])
  expect(one.next(2000)).toHaveLength(3)
})
