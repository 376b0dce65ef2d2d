/**
 * The snapshot of a page: its data, and the state of its stages. Computed once for all requests within a
 * second.
 */
import type { Admin } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { within } from '@weir/timing'
import { type StageBoard, type StageHistory, type StageNow, silent } from './stages.ts'

export interface SnapshotSource {
  /**
   * Returns the page's data, as JSON. Called once a second while anybody is viewing, for all viewers
   * together.
   */
  data(): Promise<unknown>
  /** A sentence that the page shows instead of missing data. */
  readonly noData: string
  /** The stages that the page shows even if they do not report, besides the doors of the hub. */
  readonly stages: readonly string[]
}

export interface Snapshot {
  /** Milliseconds since the epoch, by this server's clock. */
  readonly time: number
  /** The page's data; null if there is none. */
  readonly data: unknown
  /** The reason why there is no data, as a sentence for people. */
  readonly trouble: string | null
  readonly stages: readonly (StageNow & { readonly history: StageHistory })[]
}

export interface Snapshots {
  /** The current snapshot as JSON; all requests within a second get the same bytes. Never rejects. */
  current(): Promise<Buffer>
}

interface Options {
  readonly source: SnapshotSource
  /** The page's name, for the log. */
  readonly name: string
  readonly board: StageBoard
  readonly admin: Pick<Admin, 'lag'>
  readonly log: Logger
}

const FRESH_MS = 900
/**
 * The maximum data that each viewer gets per second. A page should bound its own data; this limit is for one
 * that does not.
 */
const MAX_DATA_BYTES = 2 << 20
/** The maximum number of hub door stages that are shown, in addition to the page's stages. */
const MAX_DOORS = 20
const PATIENCE_MS = 5000

interface Shown {
  /** The page's data. */
  readonly json: string
  readonly trouble: string | null
}

/** How long a consumer lag is kept: it costs the broker some requests, and changes slowly enough. */
const LAG_FRESH_MS = 5000

export function openSnapshots({ source, name, board, admin, log }: Options): Snapshots {
  const waiting = lagReader(admin)
  const expected = source.stages
  let latest = { time: 0, json: Promise.resolve<Buffer>(Buffer.alloc(0)) }
  let underWay = false
  let failing = false

  const data = async (): Promise<Shown> => {
    try {
      const json = JSON.stringify(await within(PATIENCE_MS, source.data(), noAnswer)) ?? 'null'
      failing = false
      const bytes = Buffer.byteLength(json)
      if (bytes <= MAX_DATA_BYTES) return { json, trouble: null }
      return nothing(
        `There is more data to show than a page may send each second (${bytes} of ${MAX_DATA_BYTES} bytes).`,
      )
    } catch (error) {
      if (!failing) log.warn({ err: error, page: name }, 'the page cannot show its data')
      failing = true
      return nothing(source.noData)
    }
  }

  const stages = (): Snapshot['stages'] => {
    const all = board.stages()
    const doors = all.filter(({ stage }) => stage.startsWith('ingest-hub.')).slice(0, MAX_DOORS)
    const reporting = [...doors, ...all.filter(({ stage }) => expected.includes(stage))]
    const absent = expected
      .filter((name) => !reporting.some(({ stage }) => stage === name))
      .map((name) => ({ ...silent(name), lag: waiting(name) }))
    return [...reporting, ...absent].map((stage) => ({ ...stage, history: board.history(stage.stage) }))
  }

  const make = async (): Promise<Buffer> => {
    underWay = true
    const found = await data()
    underWay = false
    const rest: Omit<Snapshot, 'data'> = { time: Date.now(), trouble: found.trouble, stages: stages() }
    return Buffer.from(`{"data":${found.json},${JSON.stringify(rest).slice(1)}`)
  }

  return {
    current: () => {
      const time = Date.now()
      if (!underWay && time - latest.time > FRESH_MS) latest = { time, json: make() }
      return latest.json
    },
  }
}

const nothing = (trouble: string): Shown => ({ json: 'null', trouble })

/**
 * Returns the lag of a stage's consumer group from the broker, for stages that do not report themselves: the
 * last known value, or 0 before there is one. The broker is asked in the background, so a snapshot does not
 * wait for a broker that is away.
 */
function lagReader(admin: Pick<Admin, 'lag'>): (stage: string) => number {
  const known = new Map<string, { askedAt: number; lag: number }>()
  return (stage) => {
    let entry = known.get(stage)
    if (!entry) known.set(stage, (entry = { askedAt: 0, lag: 0 }))
    if (Date.now() - entry.askedAt > LAG_FRESH_MS) {
      entry.askedAt = Date.now()
      admin.lag(stage).then(
        (partitions) => {
          entry.lag = partitions.reduce((total, { lag }) => total + lag, 0)
        },
        () => {}, // The broker is away or has no such group: the last known value stays.
      )
    }
    return entry.lag
  }
}

function noAnswer(): never {
  throw new Error(`no answer within ${PATIENCE_MS / 1000} s`)
}
