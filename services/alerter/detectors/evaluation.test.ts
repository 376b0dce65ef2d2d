import { expect, test } from 'vitest'
import { delayOf, evaluate, f1Of, precisionOf, recallOf, stretchesOf, together } from './evaluation.ts'

const labels = Uint8Array.from({ length: 100 }, (_, i) =>
  i === 10 || (i >= 50 && i < 60) || i >= 95 ? 1 : 0,
)

test('labelled rows in a row are one stretch', () => {
  expect(stretchesOf(labels)).toEqual([
    { from: 10, to: 10 },
    { from: 50, to: 59 },
    { from: 95, to: 99 },
  ])
  expect(stretchesOf(new Uint8Array(5))).toEqual([])
})

test('a finding is right within its stretch or up to ten readings after', () => {
  const evaluation = evaluate(stretchesOf(labels), [9, 20, 21, 49, 55, 58, 69, 70])
  expect(evaluation).toEqual({ stretches: 3, detected: 2, findings: 8, right: 4, delays: [10, 5] })
  expect([precisionOf(evaluation), recallOf(evaluation), delayOf(evaluation)]).toEqual([0.5, 2 / 3, 5])
  expect(f1Of(evaluation)).toBeCloseTo(4 / 7)
})

test('evaluations of several series add up, and nothing found is 0', () => {
  const [one, none] = [evaluate(stretchesOf(labels), [10]), evaluate(stretchesOf(labels), [])]
  expect(together([one, none])).toMatchObject({
    stretches: 6,
    detected: 1,
    findings: 1,
    right: 1,
    delays: [0],
  })
  expect([f1Of(none), delayOf(none)]).toEqual([0, undefined])
})
