/**
 * The lower canvas: zones, H3 cells, demand and trails. It is drawn once a second and when the camera moves.
 */
import { drawGraticule, outline, traceLine, traceRing } from '../kit/map/shapes.js'
import { drawDemand } from './demand.js'

const MIN_LABEL_PX = 46

/**
 * @param scene { zones: [{ id, name, ring: [[x, y]], middle }], cells: Map id → ring, demand, trails:
 * iterable of { points }, layers, selected }
 */
export function drawGround(context, camera, scene, colours) {
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

function drawCells(context, camera, { cells, selected }, colours) {
  context.beginPath()
  for (const ring of cells.values()) traceRing(context, camera, ring)
  context.fillStyle = colours.land
  context.fill()
  context.lineWidth = 1
  context.strokeStyle = colours.line
  context.stroke()
  if (cells.has(selected)) outline(context, camera, cells.get(selected), colours)
}

function drawZones(context, camera, { zones }, colours) {
  context.beginPath()
  for (const { ring } of zones) traceRing(context, camera, ring)
  context.fillStyle = colours.land
  context.fill('evenodd')
}

function drawZoneLines(context, camera, { zones, selected }, colours) {
  context.beginPath()
  for (const { ring } of zones) traceRing(context, camera, ring)
  context.lineWidth = 1
  context.strokeStyle = colours.lineStrong
  context.stroke()
  const zone = zones.find(({ id }) => id === selected)
  if (zone) outline(context, camera, zone.ring, colours)
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
    for (const { points, state } of trails) if (state.key === key) traceLine(context, camera, points)
    context.strokeStyle = colours[key]
    context.stroke()
  }
  context.globalAlpha = 1
}
