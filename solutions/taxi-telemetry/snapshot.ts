/**
 * What the taxi page shows: at most two searches, whatever the number of viewers. Both engines understand
 * them without scripts.
 */
import { createHash } from 'node:crypto'
import type { PageSearch } from '../solution.ts'

/**
 * The page's data, less than 2 MB. Lists that belong together are columns of the same length: half the bytes
 * of objects, every second, for every viewer.
 */
export interface TaxiSnapshot {
  /**
   * The latest report of each taxi that reported in the last minute; of more than 2,000 taxis, those that
   * reported last.
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
  /** The zones that those taxis are in; without a name it is an H3 cell. */
  readonly zones: readonly { readonly id: string; readonly name: string | null }[]
  /** Grows when the table of zones changes; the page fetches it then. */
  readonly zonesVersion: number
  readonly lastMinute: {
    /** Taxis and trips are estimates above some thousands (HyperLogLog). */
    readonly taxis: number
    readonly trips: number
    readonly reports: number
    readonly sources: readonly { readonly name: string; readonly reports: number }[]
    /** Reports by speed: the first from 0 km/h, then every 10 km/h, the last open upwards. */
    readonly speeds: readonly number[]
  }
  readonly lastHalfHour: LastHalfHour
}

/** By event time. */
export interface LastHalfHour {
  readonly minutes: {
    /** Each minute's beginning, ms since the epoch, oldest first; the last is under way. */
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
  /** When the newest of them arrived, ms since the epoch; null when there is none. */
  readonly newest: number | null
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HALF_HOUR = 30 * MINUTE
const MAX_TAXIS = 2000
const MAX_TILES = 1500
const MAX_SOURCES = 5
/** Tiles of 306 m at the equator, 230 m in New York: some blocks. */
const DEMAND_ZOOM = 17
const SPEED_STEP = 10
const SPEED_CLASSES = 10
/**
 * The half hour is searched again at the earliest after so many times what the last search took, so that it
 * costs the engine a tenth of its time at most.
 */
const REST = 10
/**
 * Characters of an id or a name. Device ids may have 4 KB each, and all of them go to every viewer each
 * second.
 */
const MAX_TEXT_LENGTH = 64
const DIGEST_LENGTH = 11
/** Escaped in JSON by six bytes each, and never seen. */
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
 * The snapshot by that clock. Each page server's search has a memory of its own for the half hour between two
 * searches of it.
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

/** By arrival, so that a replay of old reports shows as it comes; within a taxi the newest by event time. */
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
/** Up to a minute ahead: devices' clocks differ. */
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
 * The text as it is shown. A longer one is cut, and ends in a digest of the whole, so that different ids stay
 * different.
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

/** Without any index the engines answer without aggregations. */
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

/** Degrees to 5 places are metres: more would be bytes without use. */
function rounded(value: number, places: number): number {
  const factor = 10 ** places
  return Math.round(value * factor) / factor
}
