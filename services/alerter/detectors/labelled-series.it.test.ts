/** What the default detector finds in series of many kinds, by their labels. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { evaluate, precisionOf, recallOf, stretchesOf, together } from './evaluation.ts'
import { detectorNamed } from './index.ts'
import { type Finding, Series } from './series.ts'
import { type LabelledSeries, labelledSeries } from './testing/labelled-series.ts'
import { openedIn, split, tune } from './tuning.ts'

const forest = detectorNamed('random-cut-forest')

test('the defaults find most anomalies of spikes, shifts, drifts, seasons and noise, with few false alarms', () => {
  const all = labelledSeries(11).map((one) => ({
    name: one.name,
    ...evaluate(stretchesOf(one.labels), openedIn(one, forest, forest.settings({}), one.values.length)),
  }))
  const whole = together(all)
  expect({
    recall: recallOf(whole),
    missed: all.filter((one) => one.detected < one.stretches).length,
  }).toEqual({
    recall: expect.toSatisfy((recall: number) => recall >= 0.8),
    missed: expect.toSatisfy((missed: number) => missed <= 4),
  })
  expect(precisionOf(whole)).toBeGreaterThan(0.75)
  expect(all.find(({ name }) => name === 'usual')).toMatchObject({ findings: 0 })
  // Half a minute of computing, and several on a crowded machine.
}, 240_000)

test('tuning improves a detector on the rows that chose nothing, and tells them apart', async () => {
  const series = labelledSeries(5).filter(({ name }) => ['spikes', 'louder', 'level-shift'].includes(name))
  const detector = detectorNamed('robust-baseline')
  const given = { deviations: 20 }
  const tuned = await tune(series, detector, {}, async () => {})
  expect(tuned.tried).toBeGreaterThan(5)
  expect(recallOf(tuned.measured)).toBeGreaterThanOrEqual(recallOf(tuned.before))
  await expect(tune(series, detectorNamed('thresholds'), { high: 1 }, async () => {})).rejects.toThrow(
    'thresholds has no parameters to search',
  )
  expect((await tune(series, detector, given, async () => {})).settings).toMatchObject(given)
}, 60_000)

test('no label of the measuring part is seen while settings are chosen', async () => {
  const [spikes] = labelledSeries(5) as [LabelledSeries]
  const { at, choosing, measuring } = split(spikes)
  expect([choosing.length, measuring.length]).toEqual([2, 1])
  const scrambled = {
    ...spikes,
    values: spikes.values.map((value, row) => (row < at ? value : -value)),
    labels: spikes.labels.map((label, row) => (row < at ? label : row % 2)),
  }
  const detector = detectorNamed('robust-baseline')
  const [one, other] = await Promise.all(
    [spikes, scrambled].map((series) => tune([series], detector, {}, async () => {})),
  )
  expect(other!.settings).toEqual(one!.settings)
  expect(other!.chosenBy).toEqual(one!.chosenBy)
})

/** The series ambient_temperature_system_failure of the Numenta Anomaly Benchmark, gzipped CSV. */
const AMBIENT = process.env.AMBIENT_TEMPERATURE_CSV

test.skipIf(AMBIENT === undefined)(
  'both failures of the ambient temperature are found before they happen',
  () => {
    const rows = gunzipSync(readFileSync(AMBIENT!)).toString().trim().split('\n').slice(1)
    const series = new Series(forest, forest.settings({}), { sensor: 'office' })
    const found: Finding[] = []
    for (const row of rows) {
      const [time, value] = row.split(',')
      series.feed(Date.parse(`${time!.replace(' ', 'T')}Z`), Number(value), found)
    }
    const opened = found.filter(({ status }) => status === 'open').map(({ sinceMs }) => sinceMs)
    const DAY_MS = 86_400_000
    for (const failure of ['2013-12-22T20:00:00Z', '2014-04-13T09:00:00Z'].map(Date.parse))
      expect(opened.some((ms) => ms <= failure && ms > failure - 7.5 * DAY_MS)).toBe(true)
    expect(opened.length).toBeLessThanOrEqual(8)
  },
)
