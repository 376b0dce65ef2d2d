/**
 * The content of the taxi page. It takes at most two searches, whatever the number of viewers, and both
 * engines understand them without scripts.
 */
import { createHash } from 'node:crypto'
import type { PageSearch } from '../solution.ts'

/**
 * The page's data, less than 2 MB. Lists that belong together are columns of the same length: they take half
 * the bytes of objects, every second, for every viewer.
 */
export interface TaxiSnapshot {
  /**
   * The latest report of each taxi that reported in the last minute. If there are more than 2,000 taxis,
   * those that reported last.
   */
  readonly taxis: {
    readonly id: readonly string[]
    readonly lon: readonly number[]
    readonly lat: readonly number[]
    readonly state: readonly string[]
    /** km/h */
    readonly speed: readonly number[]
    /** Degrees clockwise from north; null: unknown. */
    readonly heading: readonly (number | null)[]
    /** Index into `zones`. */
    readonly zone: readonly number[]
  }
  /** The zones in which these taxis are. A zone without a name is an H3 cell. */
  readonly zones: readonly { readonly id: string; readonly name: string | null }[]
  /** Grows when the table of zones changes; the page then fetches the table. */
  readonly zonesVersion: number
  readonly lastMinute: {
    /** Taxis and trips are estimates above some thousands (HyperLogLog). */
    readonly taxis: number
    readonly trips: number
    readonly reports: number
    readonly sources: readonly { readonly name: string; readonly reports: number }[]
    /**
     * Number of reports by speed class: the first class begins at 0 km/h, each spans 10 km/h, and the last
     * has no upper bound.
     */
    readonly speeds: readonly number[]
  }
  readonly lastHalfHour: LastHalfHour
}

/** The last half hour, by event time. */
export interface LastHalfHour {
  readonly minutes: {
    /** The start of each minute, ms since the epoch, oldest first. The last minute is still in progress. */
    readonly time: readonly number[]
    readonly trips: readonly number[]
    readonly taxis: readonly number[]
  }
  /** Web Mercator tiles of zoom `DEMAND_ZOOM` with reports; `occupied` counts those with passengers. */
  readonly demand: {
    readonly zoom: number
    readonly x: readonly number[]
    readonly y: readonly number[]
    readonly occupied: readonly number[]
    readonly reports: readonly number[]
  }
  /** The arrival time of the newest report, ms since the epoch; null if there are no reports. */
  readonly newest: number | null
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HALF_HOUR = 30 * MINUTE
const MAX_TAXIS = 2000
const MAX_TILES = 1500
const MAX_SOURCES = 5
/** Tiles measure 306 m at the equator and 230 m in New York: a few blocks. */
const DEMAND_ZOOM = 17
const SPEED_STEP = 10
const SPEED_CLASSES = 10
/**
 * The half hour is searched again no sooner than `REST` times the duration of its last search, so that it
 * costs the engine at most a tenth of its time.
 */
const REST = 10
/**
 * Maximum length of an id or a name, in characters. Device ids may have 4 KB each, and all of them go to
 * every viewer each second.
 */
const MAX_TEXT_LENGTH = 64
const DIGEST_LENGTH = 11
/** Characters that JSON escapes with six bytes each, and that are never visible. */
const UNSEEN = /[\p{Cc}\p{Cs}]/u

const FIELDS = ['deviceId', 'position', 'speed', 'heading', 'state', 'zone', 'zoneName']

interface Memory {
  halfHour: LastHalfHour
  dueAt: number
}

const nothing = (): LastHalfHour => ({
  minutes: { time: [], trips: [], taxis: [] },
  demand: { zoom: DEMAND_ZOOM, x: [], y: [], occupied: [], reports: [] },
  newest: null,
})

/**
 * Returns the snapshot function for the clock `now`. For each page server's search, it keeps the half hour in
 * memory between two searches.
 */
export function taxiSnapshot(now: () => number): (search: PageSearch) => Promise<TaxiSnapshot> {
  const memories = new WeakMap<PageSearch, Memory>()

  return async (search) => {
    let memory = memories.get(search)
    if (!memory) memories.set(search, (memory = { halfHour: nothing(), dueAt: 0 }))
    const time = now()
    const wide = time >= memory.dueAt
    const [positions, counts] = await Promise.all([
      search.search('taxi', latestPositions(time)),
      search.search('taxi', wide ? minuteAndHalfHour(time) : lastMinute(time)),
    ])
    if (wide) {
      memory.halfHour = halfHourOf(counts.aggregations?.halfHour) ?? nothing()
      memory.dueAt = time + counts.took * REST
    }
    return {
      ...taxisOf(positions.hits.hits.map((hit: { _source: Report }) => hit._source)),
      zonesVersion: search.table('zones').version,
      lastMinute: lastMinuteOf(counts.aggregations?.lastMinute),
      lastHalfHour: memory.halfHour,
    }
  }
}

export const snapshot = taxiSnapshot(Date.now)

/**
 * Selects by arrival time, so that a replay of old reports shows as it comes; within a taxi, takes the newest
 * report by event time.
 */
function latestPositions(now: number): Record<string, unknown> {
  return {
    size: MAX_TAXIS,
    track_total_hits: false,
    _source: FIELDS,
    query: { bool: { filter: [arrivedSince(now - MINUTE)] } },
    collapse: { field: 'deviceId' },
    sort: [{ eventTime: 'desc' }],
  }
}

function lastMinute(now: number): Record<string, unknown> {
  return {
    size: 0,
    track_total_hits: false,
    query: { bool: { filter: [arrivedSince(now - MINUTE)] } },
    aggs: { lastMinute: minuteCounts(now) },
  }
}

function minuteAndHalfHour(now: number): Record<string, unknown> {
  return {
    size: 0,
    track_total_hits: false,
    query: { bool: { minimum_should_match: 1, should: [arrivedSince(now - MINUTE), happenedIn(now)] } },
    aggs: { lastMinute: minuteCounts(now), halfHour: halfHourCounts(now) },
  }
}

const arrivedSince = (time: number) => ({ range: { arrivalTime: { gte: time } } })
/** Accepts event times up to a minute ahead, because devices' clocks differ. */
const happenedIn = (now: number) => ({ range: { eventTime: { gte: firstMinute(now), lt: now + MINUTE } } })
const firstMinute = (now: number) => Math.floor((now - HALF_HOUR) / MINUTE) * MINUTE + MINUTE

function minuteCounts(now: number): Record<string, unknown> {
  const ranges = Array.from({ length: SPEED_CLASSES }, (_, i) => ({
    from: i * SPEED_STEP,
    ...(i < SPEED_CLASSES - 1 && { to: (i + 1) * SPEED_STEP }),
  }))
  return {
    filter: arrivedSince(now - MINUTE),
    aggs: {
      taxis: { cardinality: { field: 'deviceId' } },
      trips: { cardinality: { field: 'tripId' } },
      sources: { terms: { field: 'source', size: MAX_SOURCES } },
      speeds: { range: { field: 'speed', ranges } },
    },
  }
}

function halfHourCounts(now: number): Record<string, unknown> {
  return {
    filter: happenedIn(now),
    aggs: {
      minutes: {
        date_histogram: {
          field: 'eventTime',
          fixed_interval: '1m',
          min_doc_count: 0,
          extended_bounds: { min: firstMinute(now), max: now },
        },
        aggs: { trips: { cardinality: { field: 'tripId' } }, taxis: { cardinality: { field: 'deviceId' } } },
      },
      tiles: {
        geotile_grid: { field: 'position', precision: DEMAND_ZOOM, size: MAX_TILES },
        aggs: { occupied: { filter: { exists: { field: 'tripId' } } } },
      },
      newest: { max: { field: 'arrivalTime' } },
    },
  }
}

interface Report {
  readonly deviceId: string
  readonly position: { readonly lat: number; readonly lon: number }
  readonly speed: number
  readonly heading: number | null
  readonly state: string
  readonly zone: string
  readonly zoneName: string | null
}

/**
 * Returns the text as it is shown. A longer text is cut and ends in a digest of the whole, so that different
 * ids stay different.
 */
export function shown(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH && !UNSEEN.test(text)) return text
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, DIGEST_LENGTH)
  const beginning = Array.from(text.slice(0, MAX_TEXT_LENGTH - DIGEST_LENGTH - 1))
  return `${beginning.map((character) => (UNSEEN.test(character) ? '\ufffd' : character)).join('')}…${digest}`
}

function taxisOf(reports: readonly Report[]): Pick<TaxiSnapshot, 'taxis' | 'zones'> {
  const sorted = reports.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1))
  const zones = new Map<string, { index: number; id: string; name: string | null }>()
  const zone = sorted.map(({ zone: id, zoneName }) => {
    let known = zones.get(id)
    if (!known) {
      known = { index: zones.size, id: shown(id), name: zoneName == null ? null : shown(zoneName) }
      zones.set(id, known)
    }
    return known.index
  })
  return {
    taxis: {
      id: sorted.map(({ deviceId }) => shown(deviceId)),
      lon: sorted.map(({ position }) => rounded(position.lon, 5)),
      lat: sorted.map(({ position }) => rounded(position.lat, 5)),
      state: sorted.map(({ state }) => state),
      speed: sorted.map(({ speed }) => rounded(speed, 1)),
      heading: sorted.map(({ heading }) =>
        heading === null || heading === undefined ? null : Math.round(heading),
      ),
      zone,
    },
    zones: [...zones.values()].map(({ id, name }) => ({ id, name })),
  }
}

/** If there is no index, the engines answer without aggregations. */
function lastMinuteOf(found: any): TaxiSnapshot['lastMinute'] {
  return {
    taxis: found?.taxis.value ?? 0,
    trips: found?.trips.value ?? 0,
    reports: found?.doc_count ?? 0,
    sources: (found?.sources.buckets ?? []).map(({ key, doc_count: reports }: any) => ({
      name: shown(key),
      reports,
    })),
    speeds: found
      ? found.speeds.buckets.map((bucket: any) => bucket.doc_count)
      : Array<number>(SPEED_CLASSES).fill(0),
  }
}

function halfHourOf(found: any): LastHalfHour | undefined {
  if (!found) return undefined
  const {
    minutes: { buckets: minutes },
    tiles: { buckets: tiles },
    newest,
  } = found
  const xy = tiles.map((tile: any) => tile.key.split('/').map(Number))
  return {
    minutes: {
      time: minutes.map((minute: any) => minute.key),
      trips: minutes.map((minute: any) => minute.trips.value),
      taxis: minutes.map((minute: any) => minute.taxis.value),
    },
    demand: {
      zoom: DEMAND_ZOOM,
      x: xy.map(([, x]: number[]) => x),
      y: xy.map(([, , y]: number[]) => y),
      occupied: tiles.map((tile: any) => tile.occupied.doc_count),
      reports: tiles.map((tile: any) => tile.doc_count),
    },
    newest: newest.value ?? null,
  }
}

/**
 * Rounds a value. Degrees with 5 decimal places are accurate to a metre; more places would only take bytes.
 */
function rounded(value: number, places: number): number {
  const factor = 10 ** places
  return Math.round(value * factor) / factor
}
