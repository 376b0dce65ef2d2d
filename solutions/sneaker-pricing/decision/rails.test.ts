import { read } from '@weir/topics/shape.ts'
import { expect, inject, test } from 'vitest'
import { randomFrom } from '../../random.ts'
import { DEFAULT_RAILS, type Rails, type RailsContext, railsOf, withinRails } from './rails.ts'
import { priceRails, priceRailsSeed } from './rails-table.ts'
import { brokenRails } from './testing/broken-rails.ts'

const NOW = 1_767_571_200_000
const MINUTE_MS = 60_000
const CASES = inject('thorough') ? 5000 : 1000
const context = ({
  rails = {},
  ...more
}: Partial<Omit<RailsContext, 'rails'>> & { rails?: Partial<Rails> }) => ({
  rails: { ...DEFAULT_RAILS, ...rails },
  costCents: 5000,
  priceCents: 9995,
  at: NOW,
  priceChangedAt: NOW - 120 * MINUTE_MS,
  heldUntil: 0,
  changesLastHour: 0,
  confidence: 0.9,
  ...more,
})

test('the seed fits the shape, and whatever fits it becomes complete rails', () => {
  expect(read(priceRails, priceRailsSeed.all, 'refused')).toEqual(priceRailsSeed.all)
  expect(read(priceRails, DEFAULT_RAILS, 'refused')).toEqual(DEFAULT_RAILS)
  expect(railsOf(read(priceRails, {}, 'refused'))).toEqual(DEFAULT_RAILS)
})

test.each([
  [{ maxStepPercent: -1 }, 'maxStepPercent must be between 0 and 100'],
  [{ pricePoints: [100] }, 'pricePoints[0] must be between 0 and 99'],
  [{ minConfidence: Number.NaN }, 'minConfidence must be a number'],
  [{ stopped: 'yes' }, 'stopped must be true or false'],
  [{ floor: 5 }, 'floor is not known'],
])('an entry that cannot be is refused: %j', (entry, message) => {
  expect(() => read(priceRails, entry, 'refused')).toThrow(message)
})

test("a product's entry goes before the shop's, but for stops and the number of changes", () => {
  const shop = { maxStepPercent: 10, stopped: true, maxChangesPerHour: 5 }
  expect(
    railsOf(shop, { maxStepPercent: 3, stopped: false, maxChangesPerHour: 50, frozen: true }),
  ).toMatchObject({
    maxStepPercent: 3,
    stopped: true,
    frozen: true,
    maxChangesPerHour: 5,
    minConfidence: DEFAULT_RAILS.minConfidence,
  })
  expect(railsOf({ frozen: true }, { maxChangesPerHour: 2 })).toMatchObject({
    frozen: true,
    maxChangesPerHour: 2,
  })
  expect(railsOf(undefined, { pricePoints: undefined })).toEqual(DEFAULT_RAILS)
})

test.each<[string, number, Parameters<typeof context>[0], object]>([
  ['a wish within all rails', 10_195, {}, { priceCents: 10_195, acted: [], refusedBy: null }],
  ['between two price points', 10_150, {}, { priceCents: 10_195, acted: ['price-points'] }],
  ['no price points', 10_150, { rails: { pricePoints: [] } }, { priceCents: 10_150, acted: [] }],
  ['more than a step up', 15_000, {}, { priceCents: 10_395, acted: ['step', 'price-points'] }],
  ['more than a step down', 0, {}, { priceCents: 9595, acted: ['step', 'price-points'] }],
  ['below the floor', 5000, { priceCents: 6195 }, { priceCents: 6095, acted: ['floor', 'price-points'] }],
  [
    'above the ceiling',
    20_000,
    { priceCents: 14_895 },
    { priceCents: 14_995, acted: ['ceiling', 'price-points'] },
  ],
  ['no wish', 9995, { rails: { stopped: true } }, { priceCents: 9995, acted: [], refusedBy: null }],
  ['a wish that is not a number', Number.NaN, {}, { priceCents: 9995, acted: [], refusedBy: null }],
  ['stopped', 10_195, { rails: { stopped: true } }, { priceCents: 9995, acted: ['stopped'] }],
  ['frozen', 10_195, { rails: { frozen: true } }, { priceCents: 9995, refusedBy: 'frozen' }],
  ['held by a person', 10_195, { heldUntil: NOW + 1 }, { priceCents: 9995, refusedBy: 'held' }],
  ['no longer held', 10_195, { heldUntil: NOW }, { priceCents: 10_195 }],
  ['too early', 10_195, { priceChangedAt: NOW - 119 * MINUTE_MS }, { refusedBy: 'cool-down' }],
  ['too many changes', 10_195, { changesLastHour: 30 }, { refusedBy: 'changes-per-hour' }],
  ['too little confidence', 10_195, { confidence: 0.5 }, { refusedBy: 'confidence', acted: ['confidence'] }],
  ['a confidence that is not a number', 10_195, { confidence: Number.NaN }, { refusedBy: 'confidence' }],
  ['a cost that rose far', 10_195, { costCents: 9500 }, { refusedBy: 'floor', priceCents: 9995 }],
  ['a cost that fell far', 10_195, { costCents: 1000 }, { refusedBy: 'ceiling', priceCents: 9995 }],
  [
    'a price below the floor',
    9000,
    { costCents: 8500 },
    { priceCents: 10_295, acted: ['floor', 'price-points'] },
  ],
  ['no price point within a step', 11_000, { rails: { maxStepPercent: 0.5 } }, { priceCents: 9995 }],
])('%s', (_, wanted, changes, expected) => {
  expect(withinRails(wanted, context(changes))).toMatchObject(expected)
})

test('whatever the rails, the product and the wish: the price is within every rail, or it is kept', () => {
  const random = randomFrom(1)
  const whole = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))
  const often = (share: number): boolean => random() < share
  let changes = 0
  for (let i = 0; i < CASES; i++) {
    const entry = read(
      priceRails,
      {
        ...(often(0.7) && { minMarginPercent: random() * (often(0.1) ? 1000 : 60) }),
        ...(often(0.7) && { maxMarginPercent: random() * (often(0.8) ? 1000 : 60) }),
        ...(often(0.7) && { maxStepPercent: random() * whole(0, 100) }),
        ...(often(0.5) && { coolDownMinutes: random() * 60 }),
        ...(often(0.7) && { pricePoints: Array.from({ length: whole(0, 4) }, () => whole(0, 99)) }),
        ...(often(0.05) && { frozen: true }),
        ...(often(0.3) && { minConfidence: random() }),
        ...(often(0.3) && { maxChangesPerHour: whole(0, 20) }),
        ...(often(0.05) && { stopped: true }),
      },
      'refused',
    )
    const rails = railsOf(entry)
    const costCents = whole(1, often(0.5) ? 20_000 : 1e9)
    const priceCents = Math.max(1, Math.round(costCents * (0.5 + random() * 3)))
    const wanted = often(0.02)
      ? [Number.NaN, Infinity, -Infinity, 0, -5][whole(0, 4)]
      : priceCents * (0.5 + random())
    const all: RailsContext = {
      rails,
      costCents,
      priceCents,
      at: NOW,
      priceChangedAt: NOW - whole(-1, 300) * MINUTE_MS,
      heldUntil: often(0.1) ? NOW + whole(-1, 1) : 0,
      changesLastHour: whole(0, 15),
      confidence: random(),
    }
    const railed = withinRails(wanted, all)
    if (railed.priceCents !== priceCents) {
      changes++
      expect(brokenRails(railed.priceCents, all), JSON.stringify({ wanted, all, railed })).toEqual([])
      expect(Number.isSafeInteger(railed.priceCents) && railed.priceCents > 0).toBe(true)
      expect(railed.refusedBy).toBe(null)
      if (railed.acted.length === 0) expect(railed.priceCents).toBe(Math.round(wanted))
    } else if (railed.refusedBy !== null) expect(railed.acted).toContain(railed.refusedBy)
    else if (railed.acted.length === 0)
      expect(Number.isNaN(wanted) || Math.round(wanted) === priceCents).toBe(true)
    // Who wants what is allowed gets it.
    expect(withinRails(railed.priceCents, all)).toEqual({
      priceCents: railed.priceCents,
      acted: [],
      refusedBy: null,
    })
  }
  expect(changes).toBeGreaterThan(CASES / 20)
})
