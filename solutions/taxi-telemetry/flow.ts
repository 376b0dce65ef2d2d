import { dead, flow, route, type Source, step } from '@weir/flow'
import { latLngToCell } from 'h3-js'
import type { FlowDeps, ReferenceTable } from '../solution.ts'
import type { TaxiEnriched, TaxiTelemetry } from './generated/types.ts'
import { ZoneIndex } from './zones.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** The most that a device's clock may be ahead; a time further ahead is not believed. */
const MAX_AHEAD = 5 * MINUTE
/** Cells of about 0.7 km², the size of a neighbourhood's core (h3geo.org, table of cell statistics). */
const H3_RESOLUTION = 8
/** A speed below walking pace counts as standing; GPS noise alone makes 1 to 2 km/h. */
const MOVING_FROM_KMH = 3

export const taxiFlow = (deps: FlowDeps) =>
  flow<number, Source>()
    .step(deps.once())
    .step(deps.decode)
    .step(refuseImpossible(deps.now))
    .step(divertOlderThan(DAY, deps.now))
    .step(addZone(deps.table('zones')))
    .step(addState)
    .publish('taxi.enriched')

/**
 * Refuses positions off the earth, negative speeds and times ahead of the clock: they are the device's fault,
 * and no retry helps.
 */
export const refuseImpossible = (now: () => number) =>
  step('refuse-impossible', (report: TaxiTelemetry) => {
    const { lat, lon } = report.position
    if (!(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180))
      return dead('invalid', `position: ${lat}, ${lon} is not on Earth`)
    if (!(report.speed >= 0)) return dead('invalid', `speed: ${report.speed} km/h is negative`)
    if (report.eventTime > now() + MAX_AHEAD)
      return dead('invalid', `eventTime: ${report.eventTime} is more than 5 minutes ahead`)
    return report
  })

/** Diverts reports that are too old for the live picture to the topic for late records. */
export const divertOlderThan = (most: number, now: () => number) => {
  const late = route('taxi.telemetry.late')
  return step('divert-late', (report: TaxiTelemetry) => (report.eventTime < now() - most ? late : report))
}

interface Located extends TaxiTelemetry {
  zone: string
  zoneName: string | null
}

/**
 * Adds the named zone that covers the position, or the H3 cell if none does. The index is rebuilt when the
 * table changes.
 */
export const addZone = (table: ReferenceTable) => {
  let index = new ZoneIndex(table.entries)
  let version = table.version
  return step('add-zone', (report: TaxiTelemetry): Located => {
    if (table.version !== version) {
      index = new ZoneIndex(table.entries)
      version = table.version
    }
    const { lat, lon } = report.position
    const zone = index.find(lon, lat)
    const located = report as Located
    located.zone = zone ? zone.id : latLngToCell(lat, lon, H3_RESOLUTION)
    located.zoneName = zone ? zone.name : null
    return located
  })
}

export const addState = step(
  'add-state',
  (report: Located, index: number, source: Source): TaxiEnriched => ({
    deviceId: report.deviceId,
    tripId: report.tripId,
    position: report.position,
    speed: report.speed,
    heading: report.heading,
    fuel: report.fuel,
    charge: report.charge,
    engineTemperature: report.engineTemperature,
    state: report.occupied ? 'OCCUPIED' : report.speed >= MOVING_FROM_KMH ? 'MOVING' : 'IDLE',
    zone: report.zone,
    zoneName: report.zoneName,
    eventTime: report.eventTime,
    arrivalTime: source.timestamps[index],
  }),
)
