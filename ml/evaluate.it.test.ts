/** Repeats a week of the judgement, and compares what is committed with it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { evaluate, FIRST_SEED, REPORT_FILE, readEvaluation, WEEKS } from './evaluate.ts'
import { summaryOf } from './evaluation/judge.ts'
import { policiesWith } from './evaluation/policies.ts'
import { openPredictor, type Predictor } from './evaluation/predictor.ts'
import { reportOf } from './evaluation/report.ts'

const WEEK_MS = 240_000
const committed = readEvaluation()
let predictor: Predictor
beforeAll(async () => {
  predictor = await openPredictor()
})

test('a week, judged again, gives the numbers that are committed', { timeout: WEEK_MS }, async () => {
  const { weeks, rails } = await evaluate([FIRST_SEED])
  expect(weeks[0]).toEqual(committed.weeks[0])
  expect(rails).toEqual(committed.rails)
})

test('the committed summary and report follow from the committed weeks', () => {
  const { weeks, summary } = committed
  expect(weeks.map(({ seed }) => seed)).toEqual(Array.from({ length: WEEKS }, (_, i) => FIRST_SEED + i))
  expect(summaryOf(weeks, policiesWith(predictor))).toEqual(summary)
  expect(readFileSync(REPORT_FILE, 'utf8')).toBe(reportOf(summary, weeks))
})

test('the judged model is the committed one', () => {
  const { sha256 } = JSON.parse(
    readFileSync(join(import.meta.dirname, 'models/sneaker-demand/1/card.json'), 'utf8'),
  ).model
  expect(sha256.startsWith(committed.model.version)).toBe(true)
})

test('with the model, revenue is above that of fixed prices with 95 % confidence, and every rail is kept', () => {
  const { policies } = committed.summary
  expect(policies.model.gain.revenuePercent.low).toBeGreaterThan(0)
  for (const { brokenRails } of Object.values(policies)) expect(brokenRails).toBe(0)
})
