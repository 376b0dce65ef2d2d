/** The trucks on the map. Each state has a colour and a shape of its own. */
import { toX, toY } from '../kit/map/mercator.js'

/** Those that need attention are drawn last, over the names of the cities. */
const ATTENTION = ['silent', 'outside', 'finding']
const NEAR_PX = 16
const RING_PX = 13
const OUTSIDE_VIEW_PX = 20

/** Adds the shape of a state at a point to the path. */
const SHAPES = {
  expected: (context, x, y) => disc(context, x, y, 4.2),
  silent: (context, x, y) => disc(context, x, y, 4.6),
  outside: (context, x, y) => corners(context, [x, y - 7.5, x + 7.5, y, x, y + 7.5, x - 7.5, y]),
  finding: (context, x, y) => corners(context, [x, y - 9, x + 9, y + 7, x - 9, y + 7]),
}

export class Marks {
  #marks = []
  #chosen
  /** The pixels at which the marks were drawn last, by id. */
  #drawn = new Map()

  /** Takes the trucks of a snapshot and the id of the chosen one. */
  update(fleet, chosen) {
    this.#marks = fleet.map((truck) => ({ truck, x: toX(truck.lon), y: toY(truck.lat) }))
    this.#chosen = chosen
  }

  /** Tells if a truck, its state or the choice looks different from what was drawn. */
  isMoved(camera) {
    return (
      this.#marks.length !== this.#drawn.size ||
      this.#marks.some((mark) => this.#drawn.get(mark.truck.id) !== this.#looks(mark, camera))
    )
  }

  /** @param drawNames draws the names that lie over the usual trucks */
  draw(context, camera, colours, drawNames) {
    this.#drawn = new Map(this.#marks.map((mark) => [mark.truck.id, this.#looks(mark, camera)]))
    const groups = Map.groupBy(this.#marks, ({ truck }) => truck.state.key)
    const drawState = (state) => drawGroup(context, camera, state, groups.get(state) ?? [], colours)
    drawState('expected')
    drawNames()
    for (const state of ATTENTION) drawState(state)
    const chosen = this.#marks.find(({ truck }) => truck.id === this.#chosen)
    if (chosen) drawChosen(context, camera, chosen, colours)
  }

  /** The truck nearest to a point of the screen, within 16 px. */
  at(pixelX, pixelY, camera) {
    let nearest
    let least = NEAR_PX ** 2
    for (const { truck, x, y } of this.#marks) {
      const distance = (camera.screenX(x) - pixelX) ** 2 + (camera.screenY(y) - pixelY) ** 2
      if (distance < least) [nearest, least] = [truck, distance]
    }
    return nearest
  }

  #looks({ truck, x, y }, camera) {
    const place = `${Math.round(camera.screenX(x))} ${Math.round(camera.screenY(y))}`
    return `${place} ${truck.state.key} ${truck.id === this.#chosen}`
  }
}

function drawGroup(context, camera, state, marks, colours) {
  context.beginPath()
  for (const mark of marks) {
    const [x, y] = [camera.screenX(mark.x), camera.screenY(mark.y)]
    const isInView =
      x > -OUTSIDE_VIEW_PX &&
      y > -OUTSIDE_VIEW_PX &&
      x < camera.width + OUTSIDE_VIEW_PX &&
      y < camera.height + OUTSIDE_VIEW_PX
    if (isInView) SHAPES[state](context, x, y)
  }
  context.lineJoin = 'round'
  if (state === 'silent') {
    context.fillStyle = colours.ground
    context.fill()
    context.lineWidth = 2
    context.strokeStyle = colours.silent
    context.stroke()
    return
  }
  context.lineWidth = 2.4
  context.strokeStyle = colours.panel
  context.stroke()
  context.fillStyle = colours[state]
  context.fill()
}

function drawChosen(context, camera, { truck, x: worldX, y: worldY }, colours) {
  const [x, y] = [camera.screenX(worldX), camera.screenY(worldY)]
  drawGroup(context, camera, truck.state.key, [{ x: worldX, y: worldY }], colours)
  context.beginPath()
  disc(context, x, y, RING_PX)
  context.lineWidth = 2.2
  context.strokeStyle = colours.ink
  context.stroke()
  context.font = `640 13px ${colours.sans}`
  context.textBaseline = 'middle'
  const width = context.measureText(truck.id).width + RING_PX + 6
  const isRight = x + width < camera.width
  context.textAlign = isRight ? 'left' : 'right'
  const textX = isRight ? x + RING_PX + 5 : x - RING_PX - 5
  context.lineWidth = 4
  context.strokeStyle = colours.panel
  context.strokeText(truck.id, textX, y)
  context.fillStyle = colours.ink
  context.fillText(truck.id, textX, y)
}

function disc(context, x, y, radius) {
  context.moveTo(x + radius, y)
  context.arc(x, y, radius, 0, 7)
}

function corners(context, [x, y, ...rest]) {
  context.moveTo(x, y)
  for (let i = 0; i < rest.length; i += 2) context.lineTo(rest[i], rest[i + 1])
  context.closePath()
}
