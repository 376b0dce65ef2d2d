/**
 * Areas: groups of taxis near each other, so that a viewer can look at a fleet in New York and a replay in
 * Athens separately.
 */
import { nowhere, toX, toY, widen, within } from '../kit/map/mercator.js'

/**
 * Taxis whose cells of this size (degrees) touch belong together: a city's suburbs do, cities 50 km apart do
 * not.
 */
const CELL = 0.2
const MAX_AREAS = 6
/**
 * Number of snapshots that an area must last before the map flies there: one wrong position is not a place to
 * look at.
 */
const SETTLED = 3

/**
 * @param previous the areas of the previous snapshot: an area keeps its key while it stays in the same place
 * @returns areas, the fullest first: { key, box, taxis, age } with the box in Mercator units and the age in
 * snapshots; areas of the first snapshot count as old
 */
export function areasOf(taxis, previous = []) {
  const cells = Map.groupBy(taxis, ({ lon, lat }) => cellOf(Math.floor(lon / CELL), Math.floor(lat / CELL)))
  const areas = []
  while (cells.size > 0) {
    const [first] = cells.keys()
    areas.push(areaOf(flood(cells, first)))
  }
  areas.sort((a, b) => b.taxis.length - a.taxis.length || (a.key < b.key ? -1 : 1))
  const free = [...previous]
  for (const area of areas) {
    const at = free.findIndex(({ box }) => overlap(box, area.box))
    const [before] = at >= 0 ? free.splice(at, 1) : []
    area.key = before?.key ?? area.key
    area.age = before ? before.age + 1 : previous.length > 0 ? 1 : Infinity
  }
  return areas.slice(0, MAX_AREAS)
}

const cellOf = (column, row) => `${column},${row}`

/** Removes the cell and all cells connected to it from the map; returns their taxis. */
function flood(cells, first) {
  const taxis = []
  const edge = [first]
  while (edge.length > 0) {
    const cell = edge.pop()
    const here = cells.get(cell)
    if (!here) continue
    cells.delete(cell)
    for (const taxi of here) taxis.push(taxi)
    const [column, row] = cell.split(',').map(Number)
    for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) edge.push(cellOf(column + dx, row + dy))
  }
  return taxis
}

function areaOf(taxis) {
  const box = nowhere()
  for (const { lon, lat } of taxis) widen(box, toX(lon), toY(lat))
  const least = taxis.reduce((a, b) => (a.id < b.id ? a : b))
  return { key: least.id, box, taxis }
}

function overlap(a, b) {
  const slack = CELL / 360
  return within(
    { west: a.west - slack, east: a.east + slack, north: a.north - slack, south: a.south + slack },
    (b.west + b.east) / 2,
    (b.north + b.south) / 2,
  )
}

/**
 * Returns the area to show while the viewer has not chosen: the fullest at first, later a newly appeared one
 * (a replay has just begun) until it is gone.
 */
export function areaToFollow(areas, followed) {
  const fresh = areas.find(({ age }) => age === SETTLED)
  return (fresh ?? areas.find(({ key }) => key === followed) ?? areas[0])?.key
}
