import type { DetectorStates } from '@weir/contracts'
import { cargoClasses } from '@weir/solutions/fleet-anomalies/cargo-classes.ts'
import { detection } from '@weir/solutions/fleet-anomalies/detection.ts'
import type { Keyed } from '@weir/state'
import { expect, test } from 'vitest'
import type { Finding } from '../detectors/series.ts'
import { Devices } from './devices.ts'
import { Plans } from './plans.ts'

const START_MS = 1_700_000_000_000
const DAY_MS = 86_400_000
const log = { error: (details: object) => expect.unreachable(JSON.stringify(details)) }
const table = { version: 1, entries: new Map(Object.entries(cargoClasses)) }
const plan = new Plans(detection, table, log).of('chemicals')!
const classOf = 'chemicals'

/** A truck with a container that has been too warm for seconds. */
function warm(devices: Devices, keyed: Keyed<DetectorStates>, from: number, seconds: number): Finding[] {
  const found: Finding[] = []
  for (let second = 0; second < seconds; second++) {
    const now = from + second * 1000
    devices.feed(keyed, plan, { engineTemperature: 80, containerTemperature: 40 + second / 10 }, now, found)
    devices.save(keyed, { classOf, heardAt: now })
  }
  return found
}

test('a device that was silent for a month has no state, and begins anew', () => {
  const devices = new Devices(log, START_MS)
  const keyed: Keyed<DetectorStates> = { key: Buffer.from('truck'), value: undefined }
  expect(warm(devices, keyed, START_MS, 5)).toEqual([])
  const { heardAt } = keyed.value!
  expect(devices.isForgotten(keyed, heardAt + 30 * DAY_MS - 1)).toBe(false)
  devices.rest(keyed, heardAt + 30 * DAY_MS)
  expect(keyed.value).toBe(undefined)
  expect(warm(devices, keyed, heardAt + 1000, 9)).toEqual([])
})

test('a device whose class is gone keeps its state until it is forgotten', () => {
  const devices = new Devices(log, START_MS)
  const keyed: Keyed<DetectorStates> = { key: Buffer.from('truck'), value: undefined }
  warm(devices, keyed, START_MS, 5)
  const { heardAt, series } = keyed.value!
  devices.rest(keyed, heardAt + DAY_MS)
  expect(keyed.value).toMatchObject({ series, dueAt: heardAt + 30 * DAY_MS })
  expect(warm(devices, keyed, heardAt + 1000, 8)).toMatchObject([{ sensor: 'container', status: 'open' }])
})
