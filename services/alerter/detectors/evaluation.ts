/** Measures findings by labels: how many are right, how many labelled stretches they find, and how soon. */

/** A finding may come so many readings after its stretch: detectors look at several readings. */
export const TOLERANCE = 10

/** Rows from `from` up to and including `to`, all of them labelled. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

export interface Evaluation {
  readonly stretches: number
  /** Stretches with a finding. */
  readonly detected: number
  readonly findings: number
  /** Findings within a stretch. */
  readonly right: number
  /** Per detected stretch: readings from its beginning to its first finding. */
  readonly delays: readonly number[]
}

export function stretchesOf(labels: Uint8Array): Stretch[] {
  const found: Stretch[] = []
  for (let from = labels.indexOf(1); from >= 0; ) {
    const end = labels.indexOf(0, from)
    const to = end < 0 ? labels.length - 1 : end - 1
    found.push({ from, to })
    from = labels.indexOf(1, to + 1)
  }
  return found
}

/** @param opened rows at which a finding was opened, in order */
export function evaluate(stretches: readonly Stretch[], opened: readonly number[]): Evaluation {
  const within = (row: number, { from, to }: Stretch): boolean => row >= from && row <= to + TOLERANCE
  const first = stretches.map((stretch) => opened.find((row) => within(row, stretch)))
  return {
    stretches: stretches.length,
    detected: first.filter((row) => row !== undefined).length,
    findings: opened.length,
    right: opened.filter((row) => stretches.some((stretch) => within(row, stretch))).length,
    delays: first.flatMap((row, i) => (row === undefined ? [] : [row - stretches[i]!.from])),
  }
}

/** Adds up the evaluations of several series. */
export const together = (all: readonly Evaluation[]): Evaluation => ({
  stretches: sum(all.map((one) => one.stretches)),
  detected: sum(all.map((one) => one.detected)),
  findings: sum(all.map((one) => one.findings)),
  right: sum(all.map((one) => one.right)),
  delays: all.flatMap((one) => one.delays),
})

/** Right findings as a part of all; NaN without findings. */
export const precisionOf = ({ right, findings }: Evaluation): number => right / findings

/** Detected stretches as a part of all; NaN without stretches. */
export const recallOf = ({ detected, stretches }: Evaluation): number => detected / stretches

/** The harmonic mean of precision and recall; 0 if nothing is found. */
export function f1Of(evaluation: Evaluation): number {
  const [precision, recall] = [precisionOf(evaluation), recallOf(evaluation)]
  return precision > 0 && recall > 0 ? (2 * precision * recall) / (precision + recall) : 0
}

/** The middle delay, in readings; undefined if nothing is found. */
export const delayOf = ({ delays }: Evaluation): number | undefined =>
  delays.toSorted((a, b) => a - b)[(delays.length - 1) >> 1]

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)
