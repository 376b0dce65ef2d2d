/** Draws an area that is too small on the screen to tell its taxis apart as one disc with their number. */
import { count } from '../kit/numbers.js'

const SMALL_PX = 44
const MIN_RADIUS = 15

/** Returns true for several taxis in one spot; a single taxi stays a mark. */
export function tooSmall({ box, taxis }, camera) {
  return (
    taxis.length > 1 &&
    Math.max(box.east - box.west, box.south - box.north) * camera.scale < SMALL_PX &&
    camera.scale < 2 ** 22
  )
}

export function drawBubbles(context, camera, areas, colours) {
  context.font = `620 13px ${colours.sans}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const { box, taxis } of areas) {
    const text = count(taxis.length)
    const x = camera.screenX((box.west + box.east) / 2)
    const y = camera.screenY((box.north + box.south) / 2)
    const radius = Math.max(MIN_RADIUS, context.measureText(text).width / 2 + 8)
    disc(context, x, y, radius + 7, colours.accent, 0.22)
    disc(context, x, y, radius, colours.accent, 1)
    context.fillStyle = colours.panel
    context.fillText(text, x, y + 0.5)
  }
}

function disc(context, x, y, radius, colour, alpha) {
  context.globalAlpha = alpha
  context.fillStyle = colour
  context.beginPath()
  context.arc(x, y, radius, 0, 7)
  context.fill()
  context.globalAlpha = 1
}
