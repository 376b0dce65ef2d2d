/**
 * Detectors as a process to measure. KIND says which: `robust` is the robust baseline over 1,000 series, each with its
 * state read from bytes before a batch of 50 readings and written after it; `forest` is the Random Cut Forest alone,
 * score and update; `detector` is the detector on top of it, over the values of one series. The figures go to the file
 * RESULT.
 */
import { writeFileSync } from 'node:fs'
import { Forest } from '@weir/alerter/detectors/forest/forest.ts'
import { detectorNamed } from '@weir/alerter/detectors/index.ts'
import { type Finding, Series } from '@weir/alerter/detectors/series.ts'
import { readings } from './scenarios/detect.ts'

const SERIES = 1_000
const BATCH = 50
const STEP_MS = 100

const { KIND = 'robust', RESULT = '', READINGS = '10000' } = process.env
const count = Number(READINGS)
const values = readings(count)
const found: Finding[] = []

function robust(): void {
  const detector = detectorNamed('robust-baseline')
  const settings = detector.settings({ interval: '1s', duration: '10s' })
  const states = new Map<number, Uint8Array>()
  for (let at = 0; at < count; at += BATCH) {
    const key = (at / BATCH) % SERIES
    const series = new Series(detector, settings, { sensor: 'engine', state: states.get(key) })
    const from = Math.floor(at / BATCH / SERIES) * BATCH
    for (let i = 0; i < BATCH; i++) series.feed((from + i) * STEP_MS, values[at + i], found)
    states.set(key, series.encode())
  }
}

function forest(): void {
  const forest = new Forest({ trees: 50, sampleSize: 256, dimensions: 8, decay: 1 / 2560, seed: 1 })
  const point = new Float32Array(8)
  for (const value of values) {
    point.copyWithin(0, 1)
    point[7] = value
    forest.score(point)
    forest.update(point)
  }
}

function detector(): void {
  const detector = detectorNamed('random-cut-forest')
  const series = new Series(detector, detector.settings({ view: 'values' }), { sensor: 'engine' })
  for (const [i, value] of values.entries()) series.feed(i * STEP_MS, value, found)
}

const run = { robust, forest, detector }[KIND]!
const [cpu, from] = [process.cpuUsage(), performance.now()]
run()
const { user, system } = process.cpuUsage(cpu)
const figure = {
  perCpuSecond: (count * 1e6) / (user + system),
  perSecond: (count * 1000) / (performance.now() - from),
}
writeFileSync(RESULT, JSON.stringify(figure))
