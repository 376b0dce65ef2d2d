import { expect, inject, test } from 'vitest'
import { Random } from './forest/random.ts'
import { detectorNamed, detectors } from './index.ts'
import type { RawSettings } from './parameters.ts'
import { type Finding, Series } from './series.ts'

const START_MS = Date.UTC(2026, 0, 5)
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000

/** Settings without which a detector finds nothing in the streams below. */
const NEEDED: Readonly<Record<string, RawSettings>> = {
  thresholds: { low: 0, high: 60 },
  'random-cut-forest': { trees: 10, sample: 32 },
}

const open = (name: string, settings: RawSettings = {}, state?: Uint8Array, shared?: unknown): Series => {
  const detector = detectorNamed(name)
  const checked = detector.settings({ ...NEEDED[name], ...settings })
  return new Series(detector, checked, { sensor: 'engine', unit: '°C', state, shared })
}

/** Feeds values, one a second unless `step` says otherwise. */
function feed(series: Series, values: readonly number[], fromMs = START_MS, step = SECOND_MS): Finding[] {
  const found: Finding[] = []
  for (const [i, value] of values.entries()) series.feed(fromMs + i * step, value, found)
  return found
}

const noise = (length: number, level = 40, seed = 1): number[] => {
  const random = new Random(seed)
  return Array.from({ length }, () => level + random.next())
}

test('names and the codes in states are unique', () => {
  expect(new Set(detectors.map(({ name }) => name)).size).toBe(detectors.length)
  expect(new Set(detectors.map(({ code }) => code)).size).toBe(detectors.length)
  expect(() => detectorNamed('robust')).toThrow('There is no detector "robust"; there are thresholds, ')
})

test('a value beyond its limit for ten seconds is one finding, from its beginning to its end', () => {
  const values = [...noise(60), ...noise(40, 70), ...noise(20)]
  const found = feed(open('thresholds'), values)
  expect(found).toMatchObject([
    {
      status: 'open',
      detector: 'thresholds',
      sensor: 'engine',
      sinceMs: START_MS + 60_000,
      untilMs: undefined,
      expected: { low: 0, high: 60 },
    },
    { status: 'resolved', sinceMs: START_MS + 60_000, untilMs: START_MS + 100_000 },
  ])
  expect(found[0]!.why).toMatch(
    /^engine was outside of its limits for 10 s, as far as 70\.\d+ °C; normal is 0 °C to 60 °C\.$/,
  )
  expect(found[1]!.why).toBe('engine is as expected again after 40 s.')
  expect(found[0]!.id).toBe(found[1]!.id)
  expect(found[0]!.seen).toBeGreaterThan(70)
})

test('nine seconds are not ten, and a usual reading in between begins the time anew', () => {
  expect(feed(open('thresholds'), [...noise(10), ...noise(10, 70), ...noise(10)])).toEqual([])
  expect(feed(open('thresholds'), [...noise(8, 70), 40, ...noise(8, 70), 40])).toEqual([])
})

test('with hysteresis a deviation does not end just below its limit', () => {
  const values = [...noise(5), ...noise(15, 70), ...noise(30, 58), ...noise(10, 50)]
  const until = (hysteresis: number): number =>
    feed(open('thresholds', { hysteresis }), values).find(({ status }) => status === 'resolved')!.untilMs!
  expect([until(0), until(5)].map((ms) => (ms - START_MS) / SECOND_MS)).toEqual([20, 50])
})

test('limits can change while a deviation is open', () => {
  const before = open('thresholds')
  const opened = feed(before, noise(20, 70))
  const after = open('thresholds', { high: 80 }, before.encode())
  const resolved = feed(after, noise(10, 70), START_MS + 20_000)
  expect(resolved).toMatchObject([{ status: 'resolved', id: opened[0]!.id }])
})

test.each(['baseline', 'robust-baseline'])('%s finds a jump and names the range that was usual', (name) => {
  const found = feed(open(name), [...noise(200), ...noise(5, 55), ...noise(20)])
  expect(found.map(({ status }) => status)).toEqual(['open', 'resolved'])
  expect(found[0]!.sinceMs).toBe(START_MS + 200 * SECOND_MS)
  const { low, high } = found[0]!.expected
  expect(low).toBeGreaterThan(35)
  expect(low).toBeLessThan(40)
  expect(high).toBeGreaterThan(41)
  expect(high).toBeLessThan(46)
})

test('a baseline adapts to a new level in the end', () => {
  const found = feed(open('robust-baseline', { window: 60 }), [...noise(200), ...noise(2_000, 55)])
  expect(found.map(({ status }) => status)).toEqual(['open', 'resolved'])
})

test('a baseline with an interval reaches back for longer', () => {
  const values = Array.from({ length: 4_000 }, (_, i) => 40 + i / 100 + Math.sin(i))
  const of = (interval: string): number =>
    feed(open('robust-baseline', { interval, deviations: 3 }), values).length
  expect(of('0ms')).toBe(0)
  const state = open('robust-baseline', { interval: '10s' })
  feed(state, values)
  expect(state.encode().length).toBeLessThan(1_200)
})

test('a seasonal baseline finds a value that is usual at another hour', () => {
  const usual = (hour: number): number =>
    20 + 10 * Math.sin((2 * Math.PI * hour) / 24) + Math.sin(hour * 7) / 3
  const values = Array.from({ length: 24 * 14 }, (_, hour) => usual(hour))
  values[24 * 12 + 6] = 10
  const found = feed(open('seasonal', { recovery: 1 }), values, START_MS, HOUR_MS)
  expect(found).toMatchObject([
    { status: 'open', sinceMs: START_MS + (24 * 12 + 6) * HOUR_MS, seen: 10 },
    { status: 'resolved' },
  ])
})

test('a value that rises too fast is found, one that rises slowly is not', () => {
  const rising = (perMinute: number): number[] =>
    Array.from({ length: 300 }, (_, i) => 20 + (perMinute * i) / 60)
  expect(feed(open('rate-of-change'), rising(4))).toEqual([])
  const [found] = feed(open('rate-of-change'), rising(8))
  expect(found!.why).toBe('engine rose by 8 °C in 60 s; at most 5 °C per minute is normal.')
})

test('a stuck sensor is found', () => {
  const found = feed(open('flat-line', { after: '1m' }), [...noise(30), ...Array(90).fill(41), ...noise(5)])
  expect(found.map(({ status, sinceMs }) => [status, (sinceMs - START_MS) / SECOND_MS])).toEqual([
    ['open', 30],
    ['resolved', 30],
  ])
  expect(found[0]!.why).toMatch(
    /^engine has stayed at 41 °C for 60\.1 s|^engine has stayed at 41 °C for 61 s/,
  )
})

test('silence is found by the clock, and ends with a reading', () => {
  const series = open('missing-data')
  const found = feed(series, noise(61))
  const due = series.due()!
  expect(due).toBe(START_MS + 60_000 + 60_000)
  series.tick(due - 1, found)
  expect(found).toEqual([])
  series.tick(due, found)
  series.tick(due + 60_000, found)
  expect(found).toMatchObject([{ status: 'open', sinceMs: START_MS + 60_000, seen: undefined }])
  expect(found[0]!.why).toBe('engine has sent nothing for 60 s.')
  series.feed(due + 90_000, 40, found)
  expect(found).toMatchObject([{}, { status: 'resolved', untilMs: due + 90_000 }])
})

test('a sensor is missed only after it has reported for as long as it may be silent', () => {
  const series = open('missing-data')
  feed(series, noise(60))
  expect(series.due()).toBeUndefined()
  const restored = open('missing-data', {}, series.encode())
  feed(restored, [40], START_MS + 60_000)
  expect(restored.due()).toBe(START_MS + 120_000)
})

test('silence counts only while somebody listens', () => {
  const listeningSinceMs = START_MS + HOUR_MS
  const detector = detectorNamed('missing-data')
  const series = new Series(detector, detector.settings({}), { sensor: 'engine', listeningSinceMs })
  const found = feed(series, [40, 41], START_MS, 60_000)
  expect(series.due()).toBe(listeningSinceMs + 60_000)
  series.tick(listeningSinceMs, found)
  series.feed(listeningSinceMs + 50_000, 40, found)
  expect(found).toEqual([])
  expect(series.due()).toBe(listeningSinceMs + 110_000)
  series.tick(listeningSinceMs + 110_000, found)
  expect(found).toMatchObject([{ status: 'open', sinceMs: listeningSinceMs + 50_000 }])
})

test('silence is found when the next reading comes, too', () => {
  const found = feed(open('missing-data'), [40, 41, 42], START_MS, HOUR_MS)
  expect(found.map(({ status }) => status)).toEqual(['open', 'resolved'])
})

test('a forest finds a spike, and says which reading the score is due to', () => {
  const series = open('random-cut-forest', { trees: 50, sample: 256 })
  const found = feed(series, [...noise(600), 55, ...noise(60)])
  expect(found.map(({ status }) => status)).toEqual(['open', 'resolved'])
  expect(found[0]).toMatchObject({ sinceMs: START_MS + 600 * SECOND_MS })
  expect(found[0]!.why).toMatch(
    /^engine was 55 °C, but after the \w+ before it .* \d+ % of the score is due to it\.$/,
  )
})

/** Readings as broken devices send them. */
function* hostile(seed: number): Generator<[time: number, value: number]> {
  const random = new Random(seed)
  const odd = [Number.NaN, Infinity, -Infinity, 1e300, -1e300, 1e12, -1e12, 5e-324, -0, undefined as never]
  let now = START_MS
  for (let i = 0; i < 2_000; i++) {
    now += SECOND_MS
    const kind = random.next()
    if (kind < 0.05) yield [now, odd[Math.floor(random.next() * odd.length)]!]
    else if (kind < 0.1) yield [now - SECOND_MS, 41]
    else if (kind < 0.12) yield [now - HOUR_MS, 41]
    else if (kind < 0.14) yield [[Number.NaN, -1, Infinity, 1e300][i % 4]!, 41]
    else if (kind < 0.141) yield [(now -= HOUR_MS), 41]
    else yield [now, 40 + random.next()]
  }
}

test.each(detectors.map(({ name }) => name))(
  '%s survives any input, and finds what comes after it',
  (name) => {
    const series = open(name, name === 'missing-data' ? { after: '2h' } : {})
    const found: Finding[] = []
    for (const [time, value] of hostile(7)) {
      const score = series.feed(time, value, found)
      expect(score >= 0 && score <= 1).toBe(true)
      series.tick(time, found)
    }
    expect(series.ignored).toBeGreaterThan(100)
    for (const one of found) {
      expect(one.why).toMatch(/^engine [^\n]+\.$/)
      expect(one.score).toBeGreaterThanOrEqual(0.5)
    }
    const restored = open(name, name === 'missing-data' ? { after: '2h' } : {}, series.encode())
    expect(restored.reset).toBeUndefined()
  },
)

test.each([
  ['baseline', {}],
  ['robust-baseline', {}],
  ['random-cut-forest', { trees: 50, sample: 256 }],
])('extreme values during the warm-up leave %s usable', (name, settings) => {
  const usual = inject('thorough') ? 1_500 : 500
  const values = [1e300, Number.NaN, 1e12, ...noise(usual), ...noise(12, 90), ...noise(20)]
  const found = feed(open(name, settings), values)
  const late = found.filter(({ sinceMs }) => sinceMs >= START_MS + (usual + 3) * SECOND_MS)
  expect(late.map(({ status }) => status)).toContain('open')
})

test('of two readings of the same time the first counts', () => {
  const series = open('thresholds', { duration: 0 })
  const found: Finding[] = []
  series.feed(START_MS, 40, found)
  expect(series.feed(START_MS, 90, found)).toBe(0)
  expect([found.length, series.ignored]).toEqual([0, 1])
})

test('a reading that is an hour late is ignored; a clock that was set back is followed after 32 readings', () => {
  const series = open('thresholds', { duration: '5s' })
  const found = feed(series, noise(10))
  series.feed(START_MS - HOUR_MS, 90, found)
  expect(series.ignored).toBe(1)
  found.push(...feed(series, noise(60, 90), START_MS - HOUR_MS))
  expect(series.ignored).toBe(1 + 31)
  expect(found).toMatchObject([{ status: 'open', sinceMs: START_MS - HOUR_MS + 31 * SECOND_MS }])
})

test.each(detectors.map(({ name }) => name))(
  '%s goes on from its state as if it had never stopped',
  (name) => {
    const values = [...noise(150), ...noise(40, 70), ...noise(100), ...Array(50).fill(40.5)]
    const run = (restarts: boolean): unknown[] => {
      let series = open(name, { duration: '5s' })
      const found: Finding[] = []
      const scores: number[] = []
      for (const [i, value] of values.entries()) {
        scores.push(series.feed(START_MS + i * 30 * SECOND_MS, value, found))
        if (restarts && i % 7 === 0) series = open(name, { duration: '5s' }, series.encode().slice())
        expect(series.reset).toBeUndefined()
      }
      return [scores, found, [...series.encode()]]
    }
    expect(run(true)).toEqual(run(false))
  },
)

test.each(detectors.map(({ name }) => name))('%s begins anew from a state that cannot be read', (name) => {
  const series = open(name)
  feed(series, noise(200))
  const state = series.encode()
  const damaged = state.slice()
  damaged[20]! ^= 1
  const broken = [
    damaged,
    state.slice(0, -1),
    state.slice(0, 3),
    new Uint8Array(),
    Uint8Array.of(9, ...state.subarray(1)),
  ]
  for (const bytes of broken) {
    const restored = open(name, {}, bytes)
    expect(restored.reset).toMatch(/^The state of engine cannot be used, since it.* begins anew\.$/)
    expect(() => feed(restored, noise(100))).not.toThrow()
  }
})

test('the state of 100,000 series under the robust baseline is far below a gigabyte', () => {
  const series = open('robust-baseline')
  feed(series, noise(500))
  expect(series.encode().length * 100_000).toBeLessThan(120e6)
})

test('devices of a class share a forest, and have little state of their own', () => {
  const detector = detectorNamed('random-cut-forest')
  const settings = detector.settings({})
  const shared = detector.shared!(settings)
  const devices = Array.from({ length: 10 }, () =>
    open('random-cut-forest', { trees: 50, sample: 256 }, undefined, shared),
  )
  const readings = inject('thorough') ? 300 : 100
  const usual = (at: number): number => 40 + Math.sin(at)
  for (let i = 0; i < readings; i++) {
    for (const [n, device] of devices.entries()) feed(device, [usual(i / 5 + n)], START_MS + i * SECOND_MS)
  }
  expect(devices[0]!.encode().length).toBeLessThan(250)
  const again = detector.shared!(settings, shared.encode().slice())
  const state = devices[0]!.encode().slice()
  const [here, there] = [shared, again].map((forests) => {
    const device = open('random-cut-forest', { trees: 50, sample: 256 }, state, forests)
    return feed(device, [usual(readings / 5), 70, usual((readings + 2) / 5)], START_MS + readings * SECOND_MS)
  })
  expect(here).toEqual(there)
  expect(here).toMatchObject([{ status: 'open', seen: 70 }])
})
