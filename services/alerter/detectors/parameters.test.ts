import { expect, test } from 'vitest'
import { detectors } from './index.ts'
import { type Parameter, readSettings } from './parameters.ts'

const settings = (name: string, given: Record<string, unknown>) =>
  detectors.find((one) => one.name === name)!.settings(given)

test('settings that are not given have their defaults', () => {
  expect(settings('robust-baseline', { window: '60' })).toMatchObject({
    window: 60,
    deviations: 6,
    duration: 0,
  })
})

test('durations may have a unit', () => {
  const read = (after: unknown) => settings('missing-data', { after }).after
  expect([read('500ms'), read('10s'), read('5m'), read('1.5h'), read('2d'), read('250'), read(250)]).toEqual([
    500, 10_000, 300_000, 5_400_000, 172_800_000, 250, 250,
  ])
})

test.each([
  [
    'robust-baseline',
    { window: '7' },
    'window is "7"; it must be a whole number of readings from 8 to 4096.',
  ],
  [
    'robust-baseline',
    { window: 8.5 },
    'window is 8.5; it must be a whole number of readings from 8 to 4096.',
  ],
  [
    'robust-baseline',
    { deviations: 'many' },
    'deviations is "many"; it must be a number of standard deviations from 0.5 to 100.',
  ],
  [
    'missing-data',
    { after: '3 weeks' },
    'after is "3 weeks"; it must be a duration such as 500ms, 10s, 5m or 1h, from 1ms to 365d.',
  ],
  ['missing-data', { after: null }, 'after is null; it must be a duration'],
  ['missing-data', { after: [] }, 'after is ; it must be a duration'],
  ['random-cut-forest', { view: 'all' }, 'view is "all"; it must be both or values or changes.'],
  ['random-cut-forest', { tree: 5 }, 'There is no parameter "tree"; there are duration, recovery, trees, '],
  ['thresholds', {}, 'Neither low nor high is given; give at least one limit.'],
  ['thresholds', { low: 5, high: 5 }, 'low is 5 and high is 5; low must be less than high.'],
  ['thresholds', { low: 0, high: 10, hysteresis: 5 }, 'hysteresis is 5; it must be less than half'],
  ['thresholds', { high: Number.NaN }, 'high is NaN; it must be a number from'],
] as const)('%s refuses %o with a sentence', (name, given, message) => {
  expect(() => settings(name, given)).toThrow(message)
})

test('every default is within its bounds, and so is every value that tuning tries', () => {
  for (const { parameters } of detectors) {
    for (const [name, parameter] of Object.entries(parameters) as [string, Parameter][]) {
      for (const value of [parameter.default, ...(parameter.tries ?? [])]) {
        if (typeof value === 'number' && !Number.isFinite(value)) continue
        expect(readSettings({ [name]: parameter }, { [name]: value })).toEqual({ [name]: value })
      }
    }
  }
})
