/** The taxis on the map: they glide from report to report, and their last positions are their trails. */
import { toX, toY } from '../kit/map/mercator.js'

/** The time from one snapshot to the next. */
const GLIDE_MS = 1000
/** A shorter move cannot be seen. On a map of a city, taxis take seconds for it. */
const VISIBLE_PX = 0.25
const TRAIL = 14
/** In Mercator units, 4 km at the equator. A longer step starts a new trail; it is not a drive. */
const LONGEST_STEP = 0.0001
const ARROW = new Path2D('M0-8 6 6.5 0 3.2-6 6.5Z')

export class Traffic {
  /** Vehicles by id: { taxi, state, points, fromX, fromY, x, y, heading, began } */
  #marks = new Map()

  /** Takes the taxis of a snapshot. */
  update(taxis, now) {
    const before = this.#marks
    this.#marks = new Map()
    for (const taxi of taxis) {
      const x = toX(taxi.lon)
      const y = toY(taxi.lat)
      this.#marks.set(taxi.id, moved(before.get(taxi.id), taxi, x, y, now))
    }
  }

  /** The trails for the ground to draw: the path behind each taxi, up to the point where its glide began. */
  trails() {
    return [...this.#marks.values()]
      .filter(({ points }) => points.length > 2)
      .map(({ state, points }) => ({ state, points: points.slice(0, -1) }))
  }

  /** Returns the ms after which a frame shows a taxi elsewhere than this one; Infinity if no taxi is gliding. */
  untilMovedMs(camera, now) {
    let fastest = 0
    let leftMs = 0
    for (const { x, y, fromX, fromY, began } of this.#marks.values()) {
      if (now - began >= GLIDE_MS) continue
      fastest = Math.max(fastest, Math.abs(x - fromX), Math.abs(y - fromY))
      leftMs = Math.max(leftMs, began + GLIDE_MS - now)
    }
    return fastest === 0 ? Infinity : Math.min(leftMs, (VISIBLE_PX * GLIDE_MS) / (fastest * camera.scale))
  }

  /**
   * @param options smooth: whether taxis glide; hidden: ids left out; highlighted: the id that is ringed, or
   * null
   */
  draw(context, camera, now, colours, { smooth, hidden, highlighted }) {
    const size = Math.min(1.25, Math.max(0.55, 0.72 + Math.log2(camera.scale / 2 ** 20) * 0.12))
    context.lineJoin = 'round'
    context.strokeStyle = colours.panel
    context.lineWidth = 2.4
    // Taxis with passengers are drawn last, over the others.
    for (const key of ['unknown', 'idle', 'moving', 'occupied']) {
      context.fillStyle = colours[key]
      for (const mark of this.#marks.values()) {
        if (mark.state.key !== key || hidden.has(mark.taxi.id)) continue
        const [x, y] = place(mark, camera, now, smooth)
        if (x > -20 && y > -20 && x < camera.width + 20 && y < camera.height + 20)
          drawMark(context, mark, x, y, size)
      }
    }
    const mark = this.#marks.get(highlighted)
    if (mark) ring(context, ...place(mark, camera, now, smooth), colours)
  }

  /** Returns the taxi nearest to a point of the screen, within 16 px. */
  at(pixelX, pixelY, camera, now) {
    let nearest
    let least = 16 ** 2
    for (const mark of this.#marks.values()) {
      const [x, y] = place(mark, camera, now, true)
      const distance = (x - pixelX) ** 2 + (y - pixelY) ** 2
      if (distance < least) [nearest, least] = [mark.taxi, distance]
    }
    return nearest
  }
}

function moved(before, taxi, x, y, now) {
  const { state } = taxi
  if (!before || Math.hypot(x - before.x, y - before.y) > LONGEST_STEP)
    return { taxi, state, x, y, fromX: x, fromY: y, heading: taxi.heading, began: 0, points: [[x, y]] }
  if (x === before.x && y === before.y)
    return { ...before, taxi, state, heading: taxi.heading ?? before.heading }
  const part = Math.min(1, (now - before.began) / GLIDE_MS)
  return {
    taxi,
    state,
    x,
    y,
    began: now,
    fromX: before.fromX + (before.x - before.fromX) * part,
    fromY: before.fromY + (before.y - before.fromY) * part,
    heading: taxi.heading ?? (Math.atan2(x - before.x, before.y - y) * 180) / Math.PI,
    points: [...before.points.slice(1 - TRAIL), [x, y]],
  }
}

function place({ x, y, fromX, fromY, began }, camera, now, smooth) {
  const part = smooth ? Math.min(1, (now - began) / GLIDE_MS) : 1
  return [camera.screenX(fromX + (x - fromX) * part), camera.screenY(fromY + (y - fromY) * part)]
}

/** Draws an arrow along the heading, or a disc for a taxi that stands or has no heading. */
function drawMark(context, { state, heading }, x, y, size) {
  context.save()
  context.translate(x, y)
  context.scale(size, size)
  if (state.key === 'idle' || heading === null) {
    context.beginPath()
    context.arc(0, 0, state.key === 'idle' ? 4.6 : 5.4, 0, 7)
    context.stroke()
    context.fill()
  } else {
    context.rotate((heading * Math.PI) / 180)
    context.stroke(ARROW)
    context.fill(ARROW)
  }
  context.restore()
}

function ring(context, x, y, colours) {
  context.beginPath()
  context.arc(x, y, 13, 0, 7)
  context.strokeStyle = colours.ink
  context.lineWidth = 2
  context.stroke()
}
