/** The current state of every stage, from the statistics that all service instances publish once a second. */
import type { StageStats } from '@weir/contracts'
import type { TopicRecord } from '@weir/topics'
import { integer, number, object, read, type ShapedBy, text } from '@weir/topics/shape.ts'

/** A stage, summed over all its instances. Rates are per second, latencies in ms. */
export interface StageNow {
  /** service.name, for example enricher.orders. */
  readonly stage: string
  /** Instances that reported in the last 10 s. */
  readonly instances: number
  readonly records: number
  readonly failed: number
  /** Records waiting for the stage. */
  readonly lag: number
  /** The median latency, averaged over the instances by their share of the records; null without records. */
  readonly p50: number | null
  /** The slowest instance's 99th percentile; null without records. */
  readonly p99: number | null
}

/** The last minute, with one value per second and the newest last; null if the value is not known. */
export interface StageHistory {
  readonly records: readonly (number | null)[]
  readonly lag: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
}

const SILENCE_MS = 10_000
const HISTORY = 60
/** More than any cluster has. Bounds memory if an instance keeps changing its name. */
const MAX_INSTANCES = 2000

const count = integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const latency = number({ min: 0, max: Number.MAX_SAFE_INTEGER })
/** The shape of a report. Every snapshot contains the names, so their length is bounded. */
const reported = object({
  stage: text({ max: 200 }),
  instance: text({ max: 300 }),
  intervalMs: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  records: count,
  failed: count,
  lag: count,
  p50: latency,
  p99: latency,
})
type Reported = ShapedBy<typeof reported>

interface Report {
  readonly stats: Reported
  readonly heardAt: number
}

export class StageBoard {
  readonly #now: () => number
  readonly #reports = new Map<string, Report>()
  readonly #history = new Map<string, StageNow[]>()
  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws a Misfit if the value cannot be statistics. */
  accept({ value }: Pick<TopicRecord<StageStats>, 'value'>): void {
    if (value === null) return
    const stats = read(reported, value, 'ignored')
    const key = `${stats.stage}\0${stats.instance}`
    if (!this.#reports.has(key) && this.#reports.size >= MAX_INSTANCES) return
    this.#reports.set(key, { stats, heardAt: this.#now() })
  }

  /** The stages that reported in the last 10 s, sorted by name. */
  stages(): StageNow[] {
    this.#forgetSilent()
    const byStage = Map.groupBy(this.#reports.values(), ({ stats }) => stats.stage)
    return [...byStage]
      .map(([stage, reports]) =>
        sum(
          stage,
          reports.map(({ stats }) => stats),
        ),
      )
      .sort((a, b) => (a.stage < b.stage ? -1 : 1))
  }

  /** Called once a second: adds the stages' state as the next point of their histories. */
  sample(): void {
    const now = new Map(this.stages().map((stage) => [stage.stage, stage]))
    for (const stage of now.keys()) if (!this.#history.has(stage)) this.#history.set(stage, [])
    for (const [stage, points] of this.#history) {
      points.push(now.get(stage) ?? silent(stage))
      if (points.length > HISTORY) points.shift()
      if (points.every(({ instances }) => instances === 0)) this.#history.delete(stage)
    }
  }

  history(stage: string): StageHistory {
    const points = this.#history.get(stage) ?? []
    const column = (pick: (point: StageNow) => number | null) => [
      ...Array<null>(HISTORY - points.length).fill(null),
      ...points.map((point) => (point.instances === 0 ? null : round(pick(point)))),
    ]
    return {
      records: column((point) => point.records),
      lag: column((point) => point.lag),
      p99: column((point) => point.p99),
    }
  }

  #forgetSilent(): void {
    const oldest = this.#now() - SILENCE_MS
    for (const [key, { heardAt }] of this.#reports) if (heardAt < oldest) this.#reports.delete(key)
  }
}

/** A stage on which no instance reports. */
export function silent(stage: string): StageNow {
  return { stage, instances: 0, records: 0, failed: 0, lag: 0, p50: null, p99: null }
}

function sum(stage: string, reports: readonly Reported[]): StageNow {
  const total = { records: 0, failed: 0, lag: 0 }
  let weight = 0
  let p50 = 0
  let p99 = 0
  for (const { records, failed, lag, intervalMs, ...latency } of reports) {
    total.records += (records * 1000) / intervalMs
    total.failed += (failed * 1000) / intervalMs
    total.lag += lag
    if (records === 0) continue
    weight += records
    p50 += latency.p50 * records
    p99 = Math.max(p99, latency.p99)
  }
  return {
    stage,
    instances: reports.length,
    ...total,
    p50: weight > 0 ? p50 / weight : null,
    p99: weight > 0 ? p99 : null,
  }
}

function round(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10
}
