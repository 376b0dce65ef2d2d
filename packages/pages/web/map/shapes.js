/** Shapes on a map's canvas, in Mercator units. */
import { toLat, toLon, toX, toY } from './mercator.js'

/** Steps of the graticule in degrees; the first step with lines about 90 px apart is used. */
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45]

export function drawGraticule(context, camera, colours) {
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

/** Adds an open line to the path. */
export function traceLine(context, camera, points) {
  points.forEach(([x, y], i) =>
    i === 0
      ? context.moveTo(camera.screenX(x), camera.screenY(y))
      : context.lineTo(camera.screenX(x), camera.screenY(y)),
  )
}

/** Adds a closed ring to the path. */
export function traceRing(context, camera, ring) {
  traceLine(context, camera, ring)
  context.closePath()
}

/** Draws the ring of what is selected. */
export function outline(context, camera, ring, colours) {
  context.beginPath()
  traceRing(context, camera, ring)
  context.lineWidth = 2.5
  context.strokeStyle = colours.accent
  context.stroke()
}
