/** The heat of demand: one soft spot per tile, summed, then coloured by a ramp of one hue. */
import { within } from '../kit/map/mercator.js'

/** The heat is drawn small and enlarged, because it is soft anyway. */
const SHRINK = 3
/** A spot's reach in tiles, so that neighbours melt together, and its minimum in pixels, for small tiles. */
const REACH = 1.4
const MIN_PX = 10
/** Below this tile size no heat is drawn: on a map of continents, a city's heat is a blot. */
const MIN_TILE_PX = 0.5
/**
 * The heat inside an even field of full weight, where spots overlap: π · REACH² / FALL, from the area under a
 * Gaussian.
 */
const FALL = 5
const OVERLAP = (Math.PI * REACH ** 2) / FALL

/** A share of the full weight; fainter spots would show only their rims. */
const MIN_SHARE = 0.01
/** The share of tiles below full colour. */
const FULL = 0.97

const heat = document.createElement('canvas')
const spot = document.createElement('canvas')
const SPOT = 64

/**
 * @param demand { zoom, x, y, weight, most }: tiles at that zoom, their weights, and the weight that has full
 * colour
 */
export function drawDemand(context, camera, demand, colours) {
  const { zoom, x, y, weight, most } = demand
  const side = 2 ** -zoom
  if (x.length === 0 || most <= 0 || side * camera.scale < MIN_TILE_PX) return
  heat.width = Math.ceil(camera.width / SHRINK)
  heat.height = Math.ceil(camera.height / SHRINK)
  const soft = heat.getContext('2d', { willReadFrequently: true })
  const reach = Math.max(MIN_PX, side * camera.scale * REACH)
  const radius = reach / SHRINK
  const overlap = OVERLAP * (reach / (side * camera.scale * REACH)) ** 2
  const dab = softSpot()
  soft.globalCompositeOperation = 'lighter'
  for (let i = 0; i < x.length; i++) {
    const left = camera.screenX((x[i] + 0.5) * side) / SHRINK
    const top = camera.screenY((y[i] + 0.5) * side) / SHRINK
    if (
      weight[i] < most * MIN_SHARE ||
      left < -radius ||
      top < -radius ||
      left > heat.width + radius ||
      top > heat.height + radius
    )
      continue
    soft.globalAlpha = Math.min(1, weight[i] / most) ** 0.8 / Math.max(1, overlap)
    soft.drawImage(dab, left - radius, top - radius, 2 * radius, 2 * radius)
  }
  tint(soft, colours)
  context.imageSmoothingQuality = 'high'
  context.drawImage(heat, 0, 0, heat.width * SHRINK, heat.height * SHRINK)
}

/**
 * Computes the heat of an area: reports with passengers, or all reports if none has passengers.
 * Full colour is not the single greatest weight, which would leave all others pale.
 * @param tiles the snapshot's { zoom, x, y, occupied, reports }
 */
export function demandOf(tiles, box) {
  const side = 2 ** -tiles.zoom
  const inside = tiles.x.flatMap((x, i) =>
    within(box, (x + 0.5) * side, (tiles.y[i] + 0.5) * side) ? [i] : [],
  )
  const hasPassengers = inside.some((i) => tiles.occupied[i] > 0)
  const weight = hasPassengers ? tiles.occupied : tiles.reports
  const sorted = inside
    .map((i) => weight[i])
    .filter((reports) => reports > 0)
    .sort((a, b) => a - b)
  return {
    zoom: tiles.zoom,
    x: tiles.x,
    y: tiles.y,
    weight,
    most: sorted[Math.floor((sorted.length - 1) * FULL)] ?? 0,
    hasPassengers,
  }
}

function softSpot() {
  if (spot.width === SPOT) return spot
  spot.width = spot.height = SPOT
  const context = spot.getContext('2d')
  const gradient = context.createRadialGradient(SPOT / 2, SPOT / 2, 0, SPOT / 2, SPOT / 2, SPOT / 2)
  for (let at = 0; at <= 1; at += 0.1)
    gradient.addColorStop(at, `rgb(0 0 0 / ${Math.exp(-FALL * at * at) - Math.exp(-FALL)})`)
  context.fillStyle = gradient
  context.fillRect(0, 0, SPOT, SPOT)
  return spot
}

/** Turns alpha into colour: from clear through the hue to its strong end. */
function tint(context, { demand, demandStrong }) {
  const image = context.getImageData(0, 0, context.canvas.width, context.canvas.height)
  const { data } = image
  const ramp = rampOf(demand, demandStrong)
  for (let i = 3; i < data.length; i += 4) {
    const at = data[i] * 4
    if (at === 0) continue
    data[i - 3] = ramp[at]
    data[i - 2] = ramp[at + 1]
    data[i - 1] = ramp[at + 2]
    data[i] = ramp[at + 3]
  }
  context.putImageData(image, 0, 0)
}

const ramps = new Map()

function rampOf(from, to) {
  const key = `${from} ${to}`
  if (ramps.has(key)) return ramps.get(key)
  const canvas = document.createElement('canvas')
  canvas.width = 256
  canvas.height = 1
  const context = canvas.getContext('2d')
  const gradient = context.createLinearGradient(0, 0, 256, 0)
  gradient.addColorStop(0, from)
  gradient.addColorStop(0.55, from)
  gradient.addColorStop(1, to)
  context.fillStyle = gradient
  context.fillRect(0, 0, 256, 1)
  const { data } = context.getImageData(0, 0, 256, 1)
  for (let i = 0; i < 256; i++) data[i * 4 + 3] = Math.round(225 * (i / 255) ** 0.9)
  ramps.set(key, data)
  return data
}
