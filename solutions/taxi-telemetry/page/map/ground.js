/**
 * The lower canvas: zones, H3 cells, demand and trails. It is drawn once a second and when the camera moves.
 */
import { drawDemand } from './demand.js'
import { toLat, toLon, toX, toY } from './mercator.js'

/** Steps of the graticule in degrees; the first step with lines about 90 px apart is used. */
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45]
const MIN_LABEL_PX = 46

/**
 * @param scene { zones: [{ id, name, ring: [[x, y]], middle }], cells: Map id → ring, demand, trails:
 * iterable of { points }, layers, selected }
 */
export function drawGround(context, camera, scene, colours) {
  context.clearRect(0, 0, camera.width, camera.height)
  drawGraticule(context, camera, colours)
  if (scene.layers.zones) {
    drawCells(context, camera, scene, colours)
    drawZones(context, camera, scene, colours)
  }
  if (scene.layers.demand) drawDemand(context, camera, scene.demand, colours)
  if (scene.layers.zones) drawZoneLines(context, camera, scene, colours)
  if (scene.layers.taxis) drawTrails(context, camera, scene.trails, colours)
  if (scene.layers.zones) drawZoneNames(context, camera, scene, colours)
}

function drawGraticule(context, camera, colours) {
  const degreesAcross = (camera.width / camera.scale) * 360
  const step = STEPS.find((size) => (size / degreesAcross) * camera.width > 90) ?? 45
  const west = toLon(camera.worldX(0))
  const east = toLon(camera.worldX(camera.width))
  const south = toLat(camera.worldY(camera.height))
  const north = toLat(camera.worldY(0))
  context.beginPath()
  for (let lon = Math.ceil(west / step) * step; lon < east; lon += step)
    vertical(context, Math.round(camera.screenX(toX(lon))) + 0.5, camera.height)
  for (let lat = Math.ceil(south / step) * step; lat < north; lat += step)
    horizontal(context, Math.round(camera.screenY(toY(lat))) + 0.5, camera.width)
  context.lineWidth = 1
  context.globalAlpha = 0.55
  context.strokeStyle = colours.line
  context.stroke()
  context.globalAlpha = 1
}

function vertical(context, x, height) {
  context.moveTo(x, 0)
  context.lineTo(x, height)
}

function horizontal(context, y, width) {
  context.moveTo(0, y)
  context.lineTo(width, y)
}

function drawCells(context, camera, { cells, selected }, colours) {
  context.beginPath()
  for (const ring of cells.values()) trace(context, camera, ring)
  context.fillStyle = colours.land
  context.fill()
  context.lineWidth = 1
  context.strokeStyle = colours.line
  context.stroke()
  if (cells.has(selected)) outline(context, camera, cells.get(selected), colours)
}

function drawZones(context, camera, { zones }, colours) {
  context.beginPath()
  for (const { ring } of zones) trace(context, camera, ring)
  context.fillStyle = colours.land
  context.fill('evenodd')
}

function drawZoneLines(context, camera, { zones, selected }, colours) {
  context.beginPath()
  for (const { ring } of zones) trace(context, camera, ring)
  context.lineWidth = 1
  context.strokeStyle = colours.lineStrong
  context.stroke()
  const zone = zones.find(({ id }) => id === selected)
  if (zone) outline(context, camera, zone.ring, colours)
}

function outline(context, camera, ring, colours) {
  context.beginPath()
  trace(context, camera, ring)
  context.lineWidth = 2.5
  context.strokeStyle = colours.accent
  context.stroke()
}

function trace(context, camera, ring) {
  ring.forEach(([x, y], i) =>
    i === 0
      ? context.moveTo(camera.screenX(x), camera.screenY(y))
      : context.lineTo(camera.screenX(x), camera.screenY(y)),
  )
  context.closePath()
}

/** Draws zone names if there is room for them, the larger zones first, and never one over another. */
function drawZoneNames(context, camera, { zones }, colours) {
  context.font = `550 12px ${colours.sans}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.lineJoin = 'round'
  const taken = []
  for (const { name, middle, box } of zones) {
    const [x, y] = [camera.screenX(middle[0]), camera.screenY(middle[1])]
    if (
      x < 0 ||
      y < 0 ||
      x > camera.width ||
      y > camera.height ||
      (box.east - box.west) * camera.scale < MIN_LABEL_PX
    )
      continue
    const half = context.measureText(name).width / 2 + 6
    if (
      2 * half > (box.east - box.west) * camera.scale * 0.9 ||
      taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 16)
    )
      continue
    taken.push({ x, y, half })
    context.lineWidth = 4
    context.strokeStyle = colours.land
    context.globalAlpha = 0.85
    context.strokeText(name, x, y)
    context.globalAlpha = 1
    context.fillStyle = colours.ink2
    context.fillText(name, x, y)
  }
}

function drawTrails(context, camera, trails, colours) {
  context.lineWidth = 2
  context.lineJoin = 'round'
  context.globalAlpha = 0.28
  for (const key of ['occupied', 'moving', 'idle', 'unknown']) {
    context.beginPath()
    for (const { points, state } of trails)
      if (state.key === key)
        points.forEach(([x, y], i) =>
          i === 0
            ? context.moveTo(camera.screenX(x), camera.screenY(y))
            : context.lineTo(camera.screenX(x), camera.screenY(y)),
        )
    context.strokeStyle = colours[key]
    context.stroke()
  }
  context.globalAlpha = 1
}
