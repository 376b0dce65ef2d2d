/** The cities between which the simulated trucks drive: they show where on Earth the map is. */
import { toX, toY, widen, within } from '../kit/map/mercator.js'

/** On a smaller map the cities are one spot. */
const MIN_SCALE = 2 ** 14
/** How far from the trucks a city is still near, as a share of their box. */
const NEAR = 0.15
const RING_PX = 12
const SIDES = {
  above: { dx: 0, dy: -24, align: 'center' },
  below: { dx: 0, dy: 24, align: 'center' },
  left: { dx: -15, dy: -12, align: 'right' },
  right: { dx: 18, dy: 0, align: 'left' },
}
/** The name is on the side where no road to another city is. */
const CITIES = [
  ['Antwerp', 51.22, 4.4, 'left'],
  ['Ghent', 51.05, 3.72, 'below'],
  ['Brussels', 50.85, 4.35, 'below'],
  ['Rotterdam', 51.92, 4.48, 'above'],
  ['Liège', 50.63, 5.57, 'below'],
  ['Eindhoven', 51.44, 5.47, 'right'],
].map(([name, lat, lon, side]) => ({ name, x: toX(lon), y: toY(lat), side: SIDES[side] }))

/** The box of the trucks with the cities in and near it, so that the view stays still while trucks come and go. */
export function withCities(box) {
  const slack = Math.max(box.east - box.west, box.south - box.north) * NEAR
  const { west, east, north, south } = box
  const near = { west: west - slack, east: east + slack, north: north - slack, south: south + slack }
  return CITIES.filter(({ x, y }) => within(near, x, y)).reduce((all, { x, y }) => widen(all, x, y), {
    ...box,
  })
}

export function drawCities(context, camera, colours) {
  if (camera.scale < MIN_SCALE) return
  context.beginPath()
  for (const city of CITIES) {
    const [x, y] = [camera.screenX(city.x), camera.screenY(city.y)]
    context.moveTo(x + RING_PX, y)
    context.arc(x, y, RING_PX, 0, 7)
  }
  context.lineWidth = 1.5
  context.strokeStyle = colours.lineStrong
  context.stroke()
}

export function drawCityNames(context, camera, colours) {
  if (camera.scale < MIN_SCALE) return
  context.font = `600 13px ${colours.sans}`
  context.textBaseline = 'middle'
  context.lineJoin = 'round'
  context.lineWidth = 4
  context.strokeStyle = colours.ground
  context.fillStyle = colours.ink2
  for (const { name, x, y, side } of CITIES) {
    const left = camera.screenX(x)
    const isCut = side.align === 'left' && left + side.dx + context.measureText(name).width > camera.width
    const { dx, dy, align } = isCut ? SIDES.below : side
    context.textAlign = align
    context.strokeText(name, left + dx, camera.screenY(y) + dy)
    context.fillText(name, left + dx, camera.screenY(y) + dy)
  }
}
