/** Web Mercator: the world as a square of side 1, x to the east from the 180th meridian, y to the south. */

/** The latitude at which the square ends; the projection itself has no end. */
const MAX_LATITUDE = 85.05112878
const EQUATOR_M = 40_075_017

export const toX = (lon) => lon / 360 + 0.5

export function toY(lat) {
  const phi = (Math.min(MAX_LATITUDE, Math.max(-MAX_LATITUDE, lat)) * Math.PI) / 180
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + phi / 2)) / (2 * Math.PI)
}

export const toLon = (x) => (x - 0.5) * 360
export const toLat = (y) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90

/** Metres on the ground per unit of x, at this y. */
export const metresPerUnit = (y) => EQUATOR_M * Math.cos((toLat(y) * Math.PI) / 180)

/** An empty box, to be widened. */
export const nowhere = () => ({ west: Infinity, north: Infinity, east: -Infinity, south: -Infinity })

/** Widens the box (in x and y) to include the point. */
export function widen(box, x, y) {
  if (x < box.west) box.west = x
  if (x > box.east) box.east = x
  if (y < box.north) box.north = y
  if (y > box.south) box.south = y
  return box
}

export function join(a, b) {
  return {
    west: Math.min(a.west, b.west),
    north: Math.min(a.north, b.north),
    east: Math.max(a.east, b.east),
    south: Math.max(a.south, b.south),
  }
}

export const isEmpty = (box) => !(box.west <= box.east)
export const within = (box, x, y) => x >= box.west && x <= box.east && y >= box.north && y <= box.south
