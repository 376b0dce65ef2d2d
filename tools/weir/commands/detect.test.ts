import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { labelledSeries } from '@weir/alerter/detectors/testing/labelled-series.ts'
import { afterAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { detect } from './detect.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-detect-'))
/** The forest computes for seconds, and longer on a machine that does other things. */
const COMPUTES_MS = 60_000
let out = ''
let errors = ''

beforeEach(() => {
  out = errors = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += text
    return true
  })
})

afterAll(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(text) : text)
  return path
}

function series(name: string, rows = Number.POSITIVE_INFINITY): string {
  const { times, values, labels } = labelledSeries(3).find((one) => one.name === name)!
  const lines = [...times.keys()]
    .slice(0, rows)
    .map((row) => `${new Date(times[row]).toISOString()},${values[row]},${labels[row]}`)
  return `timestamp,value,label\n${lines.join('\n')}\n`
}

test(
  'findings, and how they fit the labels',
  async () => {
    const [rows, found] = inject('thorough') ? [undefined, 3] : [1_400, 1]
    const path = file('spikes.csv.gz', series('spikes', rows))
    expect(await detect.run([path, '--sensor', 'engine', '--unit', '°C'])).toBe(0)
    expect(out).toMatch(
      /^SINCE +UNTIL +SCORE +WHY\n2026-01-09T04:00:00Z +\S+ +0\.\d\d +engine was 5\d\.\d+ °C/,
    )
    expect(out).toContain(
      `${found} of ${found} labelled stretches found (recall 1.00); ${found} of ${found} findings in one (precision 1.00)`,
    )
    expect(out).toMatch(/median delay 20 readings \(1 h 40 m\S*\)\.\n$/)
  },
  COMPUTES_MS,
)

test('scores between 0 and 1 for every row, with time and value as in the file', async () => {
  const text =
    'when;reading\n"1700000000";1.0\n1700000060;\n1700000060;2\n1700000120;nan\n1700000180;50\n1700000180;51\nnever;1\n'
  const path = file('odd.csv', text)
  const scores = join(folder, 'scores.csv')
  const args = ['--detector', 'thresholds', '--set', 'high=10', '--set', 'duration=0', '--scores', scores]
  expect(await detect.run([path, ...args])).toBe(0)
  expect(readFileSync(scores, 'utf8').split('\n')).toEqual([
    'timestamp,value,score',
    '1700000000,1.0,0.009901',
    '1700000060,,0.000000',
    '1700000060,2,0.038462',
    '1700000120,nan,0.000000',
    '1700000180,50,0.961538',
    '1700000180,51,0.000000',
    'never,1,0.000000',
    '',
  ])
  expect(errors).toContain(
    '4 of 7 rows do not count: they have no time, no number, or a time that is not after',
  )
})

test('--json prints each finding when it opens and when it is resolved', async () => {
  const path = file('shift.csv', series('level-shift', 2_400))
  expect(await detect.run([path, '--json', '--detector', 'robust-baseline'])).toBe(0)
  const found = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(found.map(({ status }) => status).slice(0, 2)).toEqual(['open', 'resolved'])
  expect(found[0]).toMatchObject({
    id: expect.stringMatching(/^value\/robust-baseline\/\d+$/),
    expected: { low: expect.any(Number), high: expect.any(Number) },
  })
})

test(
  '--tune says which rows chose and which measured',
  async () => {
    const paths = ['spikes', 'louder'].map((name) => file(`${name}.csv`, series(name)))
    expect(await detect.run([...paths, '--tune', '--detector', 'robust-baseline'])).toBe(0)
    expect(out).toMatch(/^Tried \d+ settings of robust-baseline\.\n/)
    expect(out).toMatch(
      /spikes\.csv: rows 1 to 24\d\d \(before 2026-01-13\S+, 2 labelled stretches\) chose the settings, rows 24\d\d to 4032 \(1 labelled stretches\) measured them/,
    )
    expect(out).toMatch(/Best: +--detector robust-baseline/)
    expect(out).toMatch(/Measuring part: +2 of 2 labelled stretches found/)
  },
  COMPUTES_MS,
)

test.each([
  [['missing.csv'], 'There is no file missing.csv.'],
  [
    [file('one.csv', 'value\n1\n')],
    'one.csv has one column; it needs timestamp and value, and may have label.',
  ],
  [
    [file('bare.csv', '1,2\n3,4\n')],
    'bare.csv has no header; its first line must name the columns: timestamp,value.',
  ],
  [[file('empty.csv', 'timestamp,value\n')], 'empty.csv has no rows.'],
  [[file('words.csv', 'timestamp,value\nx,1\n')], 'words.csv has no times in its column of timestamps'],
  [[], 'Name a file.'],
  [['a.csv', 'b.csv'], '"b.csv" is one file too many; only --tune takes several.'],
  [['a.csv', '--detector', 'magic'], 'There is no detector "magic"; there are thresholds, baseline, '],
  [['a.csv', '--set', 'trees'], '--set is "trees"; write NAME=VALUE.'],
  [['a.csv', '--set', 'trees=1'], 'trees is "1"; it must be a whole number of trees from 10 to 200.'],
  [['a.csv', '--detector', 'thresholds'], 'Neither low nor high is given; give at least one limit.'],
  [['a.csv', '--tune', '--json'], '--tune goes with neither --scores nor --json.'],
  [
    [file('plain.csv', 'time,value\n1700000000,1\n'), '--tune'],
    'plain.csv has no labelled rows; --tune needs a column label.',
  ],
])('%j is refused with a sentence', async (args, message) => {
  expect(await detect.run(args)).toBe(2)
  expect(errors).toContain(message)
  expect(errors).toMatch(/weir detect: .*See `weir detect --help`\.\n$/)
})

test('--help lists every detector with its parameters', async () => {
  expect(await detect.run(['--help'])).toBe(0)
  expect(out).toContain('  random-cut-forest\n    Random Cut Forest over the last readings')
  expect(out).toContain('    duration    How long every reading must deviate')
})
