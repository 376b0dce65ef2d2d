/** The counters of the rules engine. Labels are looked up once, since rules run for every message. */
import type { Reason } from '@weir/iot-sql'
import { Counter, metrics } from '@weir/service'

const OUTCOMES = [
  'matched',
  'condition-false',
  'condition-undefined',
  'not-json',
  'bytes-with-columns',
  'array',
  'too-much-work',
] as const satisfies readonly (Reason | 'matched')[]
export type Outcome = (typeof OUTCOMES)[number]

const evaluations = new Counter({
  name: 'weir_rule_evaluations_total',
  help: 'Evaluations of rules over messages of devices, by outcome: matched, or why there is no result.',
  labelNames: ['outcome'],
  registers: [metrics],
})
const failures = new Counter({
  name: 'weir_rule_action_failures_total',
  help: 'Actions of rules that were given up, by kind.',
  labelNames: ['action'],
  registers: [metrics],
})

const byOutcome = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, evaluations.labels(outcome)]))

export const countFailure = (kind: string): void => failures.labels(kind).inc()

/** The outcomes of one batch, which are exported together. */
export class Outcomes {
  readonly #counts: Partial<Record<Outcome, number>> = {}

  add(outcome: Outcome, count = 1): void {
    this.#counts[outcome] = (this.#counts[outcome] ?? 0) + count
  }

  count(): void {
    for (const [outcome, count] of Object.entries(this.#counts)) byOutcome[outcome].inc(count)
  }
}
