/** The cities between which the simulated trucks drive: they show where on Earth the map is. */
import { toX, toY } from '../kit/map/mercator.js'

const SHOWN_PX = 12
const CITIES = [
  ['Antwerp', 51.22, 4.4],
  ['Ghent', 51.05, 3.72],
  ['Brussels', 50.85, 4.35],
  ['Rotterdam', 51.92, 4.48],
  ['Liège', 50.63, 5.57],
  ['Eindhoven', 51.44, 5.47],
].map(([name, lat, lon]) => ({ name, x: toX(lon), y: toY(lat) }))

export function drawCities(context, camera, colours) {
  context.font = `600 13px ${colours.sans}`
  context.textAlign = 'center'
  context.textBaseline = 'top'
  context.lineJoin = 'round'
  for (const city of CITIES) {
    const [x, y] = [camera.screenX(city.x), camera.screenY(city.y)]
    if (x < -SHOWN_PX || y < -SHOWN_PX || x > camera.width + SHOWN_PX || y > camera.height + SHOWN_PX)
      continue
    context.strokeStyle = colours.lineStrong
    context.lineWidth = 1.5
    context.beginPath()
    context.arc(x, y, SHOWN_PX, 0, 7)
    context.stroke()
    context.lineWidth = 4
    context.strokeStyle = colours.ground
    context.strokeText(city.name, x, y + SHOWN_PX + 4)
    context.fillStyle = colours.ink2
    context.fillText(city.name, x, y + SHOWN_PX + 4)
  }
}
