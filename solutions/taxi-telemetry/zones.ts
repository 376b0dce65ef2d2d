/**
 * Finds the named zone that covers a point: polygons behind a grid, so that a lookup tests the few polygons
 * near the point.
 */

import { list, number, object, pair, type ShapedBy, text } from '@weir/topics/shape.ts'

/** An entry of the reference table `zones`. */
export const zone = object({
  /** Search engines take names up to 32 KB; no name that people read is that long. */
  name: text({ max: 200 }),
  /**
   * The ring, [longitude, latitude] in degrees, with at least three corners; closing it is optional. It must
   * not cross the 180th meridian.
   */
  polygon: list(pair(number({ min: -180, max: 180 }), number({ min: -90, max: 90 })), {
    min: 3,
    max: 10_000,
  }),
})

export interface Zone extends ShapedBy<typeof zone> {
  readonly id: string
}

/**
 * Cells per side. 128 × 128 keeps the average at one or two polygons per cell, for a city of a few hundred
 * zones.
 */
const SIDE = 128

export class ZoneIndex {
  readonly #zones: readonly Zone[]
  readonly #cells: (number[] | undefined)[] = []
  #west = Infinity
  #south = Infinity
  #east = -Infinity
  #north = -Infinity

  /** @param entries the table's entries; each has the shape of a zone */
  constructor(entries: ReadonlyMap<string, unknown>) {
    const zones = [...entries].map(([id, entry]) => ({ ...(entry as ShapedBy<typeof zone>), id }))
    this.#zones = zones.sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const { polygon } of this.#zones) this.#widen(polygon)
    this.#zones.forEach((zone, number) => this.#place(zone.polygon, number))
  }

  /** Returns the zone that covers the point. If zones overlap, the first by id wins. */
  find(lon: number, lat: number): Zone | undefined {
    if (!(lon >= this.#west && lon <= this.#east && lat >= this.#south && lat <= this.#north))
      return undefined
    const candidates = this.#cells[this.#row(lat) * SIDE + this.#column(lon)]
    if (!candidates) return undefined
    for (const number of candidates)
      if (covers(this.#zones[number].polygon, lon, lat)) return this.#zones[number]
    return undefined
  }

  #widen(polygon: Zone['polygon']): void {
    for (const [lon, lat] of polygon) {
      this.#west = Math.min(this.#west, lon)
      this.#east = Math.max(this.#east, lon)
      this.#south = Math.min(this.#south, lat)
      this.#north = Math.max(this.#north, lat)
    }
  }

  #place(polygon: Zone['polygon'], number: number): void {
    const lons = polygon.map(([lon]) => lon)
    const lats = polygon.map(([, lat]) => lat)
    for (let row = this.#row(Math.min(...lats)); row <= this.#row(Math.max(...lats)); row++) {
      for (
        let column = this.#column(Math.min(...lons));
        column <= this.#column(Math.max(...lons));
        column++
      ) {
        ;(this.#cells[row * SIDE + column] ??= []).push(number)
      }
    }
  }

  #column(lon: number): number {
    return Math.min(SIDE - 1, Math.floor(((lon - this.#west) / (this.#east - this.#west || 1)) * SIDE))
  }

  #row(lat: number): number {
    return Math.min(SIDE - 1, Math.floor(((lat - this.#south) / (this.#north - this.#south || 1)) * SIDE))
  }
}

/** Even-odd rule: a ray to the east crosses the ring an odd number of times from within. */
function covers(ring: Zone['polygon'], lon: number, lat: number): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x1, y1] = ring[i]
    const [x2, y2] = ring[j]
    if (y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside
  }
  return inside
}
