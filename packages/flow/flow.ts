/**
 * A flow: named steps over a batch of records, typed in order at compile time. Knows nothing of Kafka.
 *
 * A step over one record is synchronous. What needs I/O is a batch step: it sees all values at once and makes one round trip.
 */
import { Dead, Drop, Route, type Outcome } from './outcome.ts'

/** A step over one record. `S` is the source batch, `index` the record's place in it: for headers, offsets, times. */
export type Step<I, O, S> = ((value: I, index: number, source: S) => Outcome<O>) & { readonly stepName: string }

/** A step over the whole batch; outcome i belongs to value i. A rejection fails the batch, which is then handed over again. */
export type BatchStep<I, O, S> = ((values: readonly I[], indices: readonly number[], source: S) => Promise<Outcome<O>[]>) & { readonly stepName: string }

/** Names a step: the name appears in metrics, dead letters and docs. */
export const step = <I, O, S = unknown>(name: string, run: (value: I, index: number, source: S) => Outcome<O>): Step<I, O, S> =>
  Object.assign(run, { stepName: name })

export const batchStep = <I, O, S = unknown>(name: string, run: (values: readonly I[], indices: readonly number[], source: S) => Promise<Outcome<O>[]>): BatchStep<I, O, S> =>
  Object.assign(run, { stepName: name })

/** Where the records of a batch went. `values[k]` came from record `indices[k]`; order is the source's. */
export interface Result<T> {
  readonly values: T[]
  readonly indices: number[]
  readonly dead: readonly { readonly index: number, readonly step: string, readonly cause: Dead }[]
  readonly routed: readonly { readonly index: number, readonly step: string, readonly topic: string }[]
  /** Count by "step/reason". */
  readonly dropped: ReadonlyMap<string, number>
}

interface Stage {
  readonly name: string
  readonly batch: boolean
  readonly run: (...args: any[]) => any
}

/** `I` is the type of the records put in, `O` of what comes out of the last step; `S` is the source batch that every step may look at. */
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

  /** The last word of a flow: what arrives here goes to that topic, keyed as its contract says. */
  publish<T extends string>(topic: T): PublishedFlow<I, O, S> {
    return { run: (inputs, source) => this.run(inputs, source), output: topic, steps: this.#stages.map((stage) => stage.name) }
  }

  /** A step that throws makes its record a dead letter with code "failed": one bad record never blocks its neighbours. */
  async run(inputs: readonly I[], source: S): Promise<Result<O>> {
    const result = { values: inputs.slice() as unknown[], indices: inputs.map((_, index) => index), dead: [] as any[], routed: [] as any[], dropped: new Map<string, number>() }
    for (const stage of this.#stages) {
      if (stage.batch) settle(stage.name, await stage.run(result.values, result.indices, source), result)
      else settle(stage.name, runEach(stage, result, source), result)
    }
    return result as Result<O>
  }
}

/** A flow with its output topic: what the enricher runs. */
export interface PublishedFlow<I, O, S> {
  run(inputs: readonly I[], source: S): Promise<Result<O>>
  readonly output: string
  readonly steps: readonly string[]
}

export const flow = <I, S = unknown>(): Flow<I, I, S> => new Flow()

function runEach(stage: Stage, { values, indices }: { values: unknown[], indices: number[] }, source: unknown): unknown[] {
  const { run } = stage
  // In place: the value at k is not needed again once its outcome stands there.
  for (let k = 0; k < values.length; k++) {
    try {
      values[k] = run(values[k], indices[k], source)
    } catch (error) {
      values[k] = new Dead('failed', error instanceof Error ? error.message : String(error))
    }
  }
  return values
}

/** Keeps the values that go on, in order, and books the rest. */
function settle(name: string, outcomes: unknown[], result: { values: unknown[], indices: number[], dead: unknown[], routed: unknown[], dropped: Map<string, number> }): void {
  if (outcomes.length !== result.indices.length) throw new Error(`Step ${name} returned ${outcomes.length} outcomes for ${result.indices.length} values.`)
  let kept = 0
  const { indices } = result
  for (let k = 0; k < outcomes.length; k++) {
    const outcome = outcomes[k]
    if (outcome instanceof Drop) result.dropped.set(`${name}/${outcome.reason}`, (result.dropped.get(`${name}/${outcome.reason}`) ?? 0) + 1)
    else if (outcome instanceof Dead) result.dead.push({ index: indices[k], step: name, cause: outcome })
    else if (outcome instanceof Route) result.routed.push({ index: indices[k], step: name, topic: outcome.topic })
    else {
      outcomes[kept] = outcome
      indices[kept++] = indices[k]
    }
  }
  outcomes.length = kept
  indices.length = kept
  result.values = outcomes
}
