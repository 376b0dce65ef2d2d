/** The polygons under the taxis: named zones from the reference table, and H3 cells outside them. */
import { join, nowhere, toX, toY, widen } from '../kit/map/mercator.js'

/** The most cells that are remembered: a map full of hexagons shows nothing. */
const MAX_CELLS = 1500

/**
 * Takes the table's entries { id: { name, polygon: [[lon, lat], …] } } and returns the zones, the largest
 * first. Entries of another shape are left out.
 */
export function zonesOf(entries) {
  return Object.entries(entries)
    .filter(
      ([, entry]) =>
        typeof entry?.name === 'string' && Array.isArray(entry.polygon) && entry.polygon.length >= 3,
    )
    .map(([id, { name, polygon }]) => {
      const ring = polygon.map(([lon, lat]) => [toX(lon), toY(lat)])
      const box = boxOf(ring)
      return { id, name, ring, box, middle: middleOf(ring) }
    })
    .sort((a, b) => size(b.box) - size(a.box))
}

export const boxOf = (ring) => ring.reduce((box, [x, y]) => widen(box, x, y), nowhere())
export const boxOfAll = (zones) => zones.reduce((box, zone) => join(box, zone.box), nowhere())
const size = (box) => (box.east - box.west) * (box.south - box.north)

/** The centroid of the polygon (shoelace formula), or of its corners if its area is zero. */
function middleOf(ring) {
  let doubled = 0
  let sumX = 0
  let sumY = 0
  const [x0, y0] = ring[0] // Relative to a corner: world units are too large for the differences of a city block.
  for (let i = 0; i < ring.length; i++) {
    const [x1, y1] = [ring[i][0] - x0, ring[i][1] - y0]
    const [x2, y2] = [ring[(i + 1) % ring.length][0] - x0, ring[(i + 1) % ring.length][1] - y0]
    const cross = x1 * y2 - x2 * y1
    doubled += cross
    sumX += (x1 + x2) * cross
    sumY += (y1 + y2) * cross
  }
  if (doubled === 0)
    return [
      ring.reduce((sum, [x]) => sum + x, 0) / ring.length,
      ring.reduce((sum, [, y]) => sum + y, 0) / ring.length,
    ]
  return [x0 + sumX / (3 * doubled), y0 + sumY / (3 * doubled)]
}

/**
 * The H3 cells outside the zones that taxis have visited, with their neighbours: a patch of honeycomb that
 * shows distances.
 */
export class Cells {
  /** Rings by id, in Mercator units. */
  rings = new Map()
  #visited = new Set()

  /** @returns true if there are new cells */
  visit(ids) {
    let added = false
    for (const id of ids) {
      if (this.#visited.has(id) || this.rings.size > MAX_CELLS || !globalThis.h3?.isValidCell(id)) continue
      this.#visited.add(id)
      added = true
      for (const near of globalThis.h3.gridDisk(id, 1)) {
        if (!this.rings.has(near))
          this.rings.set(
            near,
            globalThis.h3.cellToBoundary(near).map(([lat, lon]) => [toX(lon), toY(lat)]),
          )
      }
    }
    return added
  }
}
