/**
 * A flow: named steps over a batch of records, typed in order at compile time. It knows nothing about Kafka.
 *
 * A step over one record is synchronous. A step that needs I/O is a batch step: it sees all values at once
 * and makes one round trip.
 */
import { Dead, Drop, Ended, type Outcome, Route } from './outcome.ts'
import { type FieldOf, KeyedFlow, type PublishedWindows } from './windows.ts'

/**
 * A step over one record. `S` is the source batch, `index` the record's place in it: for headers, offsets,
 * times.
 */
export type Step<I, O, S> = ((value: I, index: number, source: S) => Outcome<O>) & {
  readonly stepName: string
}

/**
 * A step over the whole batch; outcome i belongs to value i. A rejection fails the batch, which is then
 * handed over again.
 */
export type BatchStep<I, O, S> = ((
  values: readonly I[],
  indices: readonly number[],
  source: S,
) => Promise<Outcome<O>[]>) & { readonly stepName: string }

/** Names a step: the name appears in metrics, dead letters and docs. */
export const step = <I, O, S = unknown>(
  name: string,
  run: (value: I, index: number, source: S) => Outcome<O>,
): Step<I, O, S> => Object.assign(run, { stepName: name })

export const batchStep = <I, O, S = unknown>(
  name: string,
  run: (values: readonly I[], indices: readonly number[], source: S) => Promise<Outcome<O>[]>,
): BatchStep<I, O, S> => Object.assign(run, { stepName: name })

/** Where the records of a batch went. `values[k]` came from record `indices[k]`; order is the source's. */
export interface Result<T> {
  readonly values: T[]
  readonly indices: number[]
  readonly dead: { readonly index: number; readonly step: string; readonly cause: Dead }[]
  readonly routed: { readonly index: number; readonly step: string; readonly topic: string }[]
  /** Count by "step/reason". */
  readonly dropped: Map<string, number>
}

interface Stage {
  readonly name: string
  readonly batch: boolean
  readonly run: (...args: any[]) => any
}

/**
 * `I` is the type of the input records, `O` that of the last step's values; `S` is the source batch, which
 * every step may read.
 */
export class Flow<I, O, S = unknown> {
  readonly #stages: readonly Stage[]

  constructor(stages: readonly Stage[] = []) {
    this.#stages = stages
  }

  step<N>(run: Step<O, N, S>): Flow<I, N, S> {
    return new Flow([...this.#stages, { name: run.stepName, batch: false, run }])
  }

  batch<N>(run: BatchStep<O, N, S>): Flow<I, N, S> {
    return new Flow([...this.#stages, { name: run.stepName, batch: true, run }])
  }

  /** Values belong together by this field, which must be the key of the flow's source. */
  keyBy(field: FieldOf<O, string>): KeyedFlow<I, O, S> {
    return new KeyedFlow(this, field)
  }

  /** Ends a flow: the values that arrive here go to that topic, keyed as its contract says. */
  publish<T extends string>(topic: T): PublishedFlow<I, O, S> {
    return {
      run: (inputs, source) => this.run(inputs, source),
      output: topic,
      steps: this.#stages.map((stage) => stage.name),
    }
  }

  /**
   * A step that throws makes its record a dead letter with code "failed": one bad record never blocks its
   * neighbours.
   */
  async run(inputs: readonly I[], source: S): Promise<Result<O>> {
    const indices: number[] = []
    for (let k = 0; k < inputs.length; k++) indices.push(k)
    const result: Going = { values: inputs.slice(), indices, dead: [], routed: [], dropped: new Map() }
    for (const stage of this.#stages) {
      if (stage.batch) settle(stage.name, await stage.run(result.values, indices, source), result)
      else runEach(stage, result, source)
    }
    return result as Result<O>
  }
}

/** A flow with its output topic, which is what the enricher runs. `O` is the type of what goes there. */
export interface PublishedFlow<I, O, S> {
  /** Runs the steps. Without windows, their values go to the output. */
  run(inputs: readonly I[], source: S): Promise<Result<any>>
  readonly output: string
  readonly steps: readonly string[]
  /** If given, the values are aggregated by these windows, and the results go to the output. */
  readonly windows?: PublishedWindows
  /** Never set: it carries the type of the output's values. */
  readonly outputType?: O
}

export const flow = <I, S = unknown>(): Flow<I, I, S> => new Flow()

/** The result as it is built; `values` holds the current values of the records that are still in the flow. */
interface Going {
  values: unknown[]
  readonly indices: number[]
  readonly dead: Result<unknown>['dead'][number][]
  readonly routed: Result<unknown>['routed'][number][]
  readonly dropped: Map<string, number>
}

/** Works in place: the value at k is not needed again once its outcome is known. */
function runEach({ name, run }: Stage, result: Going, source: unknown): void {
  const { values, indices } = result
  let kept = 0
  for (let k = 0; k < values.length; k++) {
    const outcome = outcomeOf(run, values[k], indices[k], source)
    if (outcome instanceof Ended) {
      book(name, outcome, indices[k], result)
      continue
    }
    values[kept] = outcome
    indices[kept++] = indices[k]
  }
  values.length = kept
  indices.length = kept
}

function outcomeOf(run: Stage['run'], value: unknown, index: number, source: unknown): unknown {
  try {
    return run(value, index, source)
  } catch (error) {
    return new Dead('failed', error instanceof Error ? error.message : String(error))
  }
}

/** Keeps the values that stay in the flow, in order, and counts the rest by outcome. */
function settle(name: string, outcomes: unknown[], result: Going): void {
  const { indices } = result
  if (outcomes.length !== indices.length)
    throw new Error(`Step ${name} returned ${outcomes.length} outcomes for ${indices.length} values.`)
  let kept = 0
  for (let k = 0; k < outcomes.length; k++) {
    const outcome = outcomes[k]
    if (outcome instanceof Ended) {
      book(name, outcome, indices[k], result)
      continue
    }
    outcomes[kept] = outcome
    indices[kept++] = indices[k]
  }
  outcomes.length = kept
  indices.length = kept
  result.values = outcomes
}

/** Notes what becomes of a record that goes no further. */
export function book(
  step: string,
  outcome: Ended,
  index: number,
  { dead, routed, dropped }: Pick<Result<unknown>, 'dead' | 'routed' | 'dropped'>,
): void {
  if (outcome instanceof Drop) {
    const reason = `${step}/${outcome.reason}`
    dropped.set(reason, (dropped.get(reason) ?? 0) + 1)
  } else if (outcome instanceof Route) routed.push({ index, step, topic: outcome.topic })
  else dead.push({ index, step, cause: outcome as Dead })
}
