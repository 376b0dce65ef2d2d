/**
 * `npm run evaluate`: judges the decisions over simulated weeks, and writes ml/models/sneaker-demand/1/evaluation.json and evaluation.md.
 * `node ml/evaluate.ts FIRST_SEED WEEKS` prints the report of other weeks instead.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_RAILS } from '@weir/solutions/sneaker-pricing/decision/rails.ts'
import { judgeWeek, type Summary, summaryOf, type Week } from './evaluation/judge.ts'
import { policiesWith } from './evaluation/policies.ts'
import { openPredictor } from './evaluation/predictor.ts'
import { reportOf } from './evaluation/report.ts'

/** Neither that of the training nor those of the tuning. */
export const FIRST_SEED = 201
export const WEEKS = 20
const MAX_WEEKS = 100
const folder = join(import.meta.dirname, 'models/sneaker-demand/1')
export const JSON_FILE = join(folder, 'evaluation.json')
export const REPORT_FILE = join(folder, 'evaluation.md')

export interface Evaluation {
  readonly model: { readonly name: string; readonly version: string }
  readonly rails: typeof DEFAULT_RAILS
  readonly summary: Summary
  readonly weeks: readonly Week[]
}

export const readEvaluation = (): Evaluation => JSON.parse(readFileSync(JSON_FILE, 'utf8'))

/** Resolves with the judgement of the weeks with these seeds, the same each time. */
export async function evaluate(seeds: readonly number[]): Promise<Evaluation> {
  const predictor = await openPredictor()
  const policies = policiesWith(predictor)
  const weeks: Week[] = []
  for (const seed of seeds) {
    process.stderr.write(`evaluate: week ${weeks.length + 1} of ${seeds.length}\n`)
    weeks.push(await judgeWeek(seed, policies))
  }
  const { name, version } = predictor
  return { model: { name, version }, rails: DEFAULT_RAILS, summary: summaryOf(weeks, policies), weeks }
}

const seedsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index)

if (import.meta.main) {
  const [first, count] = process.argv.slice(2).map(Number)
  if (first === undefined) {
    const evaluation = await evaluate(seedsFrom(FIRST_SEED, WEEKS))
    writeFileSync(JSON_FILE, `${JSON.stringify(evaluation, null, 2)}\n`)
    writeFileSync(REPORT_FILE, reportOf(evaluation.summary, evaluation.weeks))
  } else if (Number.isSafeInteger(first) && count >= 1 && count <= MAX_WEEKS) {
    const { summary, weeks } = await evaluate(seedsFrom(first, count))
    process.stdout.write(reportOf(summary, weeks))
  } else {
    process.stderr.write(`Usage: node ml/evaluate.ts [FIRST_SEED WEEKS], at most ${MAX_WEEKS} weeks\n`)
    process.exitCode = 2
  }
}
