/** The live map: two stacked canvases, so that gliding taxis do not redraw the ground. */
import { reducedMotion } from '../theme.js'
import { drawBubbles, tooSmall } from './bubbles.js'
import { Camera } from './camera.js'
import { listen } from './gestures.js'
import { drawGround } from './ground.js'
import { isEmpty } from './mercator.js'
import { Traffic } from './traffic.js'
import { Cells } from './zones.js'

export class TaxiMap {
  #root
  #ground
  #above
  #camera = new Camera()
  #traffic = new Traffic()
  #cells = new Cells()
  #scene
  #colours
  #layers = { taxis: true, demand: true, zones: true }
  #areas = []
  #highlighted = null
  #wanted = null
  #free = false
  #groundDirty = true
  #frame = 0
  #moved

  /** @param moved called with the camera when the view has changed */
  constructor(root, colours, moved) {
    this.#root = root
    this.#colours = colours
    this.#moved = moved
    const [ground, traffic] = root.querySelectorAll('canvas')
    this.#ground = ground.getContext('2d')
    this.#above = traffic.getContext('2d')
    this.#scene = {
      zones: [],
      cells: this.#cells.rings,
      demand: { zoom: 0, x: [], y: [], weight: [], most: 0 },
      trails: [],
      layers: this.#layers,
      selected: null,
    }
    new ResizeObserver(() => this.#resize()).observe(root)
    listen(root, {
      pan: (dx, dy) => this.#byHand(() => this.#camera.pan(dx, dy)),
      zoom: (factor, x, y) => this.#byHand(() => this.#camera.zoom(factor, x, y)),
      fit: () => this.fit(),
    })
  }

  get camera() {
    return this.#camera
  }

  setColours(colours) {
    this.#colours = colours
    this.#redraw()
  }

  setZones(zones) {
    this.#scene.zones = zones
    this.#redraw()
  }

  setLayer(layer, shown) {
    this.#layers[layer] = shown
    this.#redraw()
  }

  /** @param taxis as fleet.js gives them; demand as demand.js draws it; areas from areas.js */
  update(taxis, demand, areas) {
    this.#areas = areas
    this.#cells.visit(new Set(taxis.flatMap(({ zone }) => (zone.name === null ? [zone.id] : []))))
    this.#traffic.update(taxis, performance.now())
    Object.assign(this.#scene, { demand, trails: this.#traffic.trails() })
    this.#redraw()
  }

  /**
   * Sets the box to show. The map keeps to it until the viewer moves the map by hand; with `again`, even
   * then.
   */
  show(box, again = false) {
    if (isEmpty(box)) return
    const first = this.#wanted === null
    this.#wanted = box
    if (again) this.#free = false
    if (this.#free || (!again && !first && this.#camera.fits(box))) return
    this.#camera.fit(box, !first && !reducedMotion.matches)
    this.#redraw()
  }

  fit() {
    if (this.#wanted) this.show(this.#wanted, true)
  }

  zoom(factor) {
    this.#byHand(() => this.#camera.zoom(factor))
  }

  /** Outlines a zone or cell; null clears the outline. */
  select(zone) {
    this.#scene.selected = zone
    this.#redraw()
  }

  /** The zone's or cell's ring; undefined if it is not known. */
  ringOf(id) {
    return this.#scene.zones.find((zone) => zone.id === id)?.ring ?? this.#cells.rings.get(id)
  }

  /** Returns the taxi at a point of the element, and rings it until the next call. */
  point(x, y) {
    const taxi = this.#layers.taxis ? this.#traffic.at(x, y, this.#camera, performance.now()) : undefined
    if (this.#highlighted !== (taxi?.id ?? null)) {
      this.#highlighted = taxi?.id ?? null
      this.#next()
    }
    return taxi
  }

  /** Returns the zone at a point of the element. */
  zoneAt(x, y) {
    const world = [this.#camera.worldX(x), this.#camera.worldY(y)]
    return this.#layers.zones ? this.#scene.zones.find(({ ring }) => covers(ring, world)) : undefined
  }

  #byHand(move) {
    this.#free = true
    move()
    this.#redraw()
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#root
    const ratio = Math.min(2, devicePixelRatio)
    for (const context of [this.#ground, this.#above]) {
      context.canvas.width = Math.round(width * ratio)
      context.canvas.height = Math.round(height * ratio)
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
    }
    this.#camera.resize(width, height)
    if (this.#wanted && !this.#free) this.#camera.fit(this.#wanted, false)
    this.#draw(performance.now()) // At once: a cleared canvas would flash.
  }

  #redraw() {
    this.#groundDirty = true
    this.#next()
  }

  #next() {
    this.#frame ||= requestAnimationFrame((now) => this.#draw(now))
  }

  #draw(now) {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const flying = this.#camera.step(now)
    if (flying || this.#groundDirty) {
      drawGround(this.#ground, this.#camera, this.#scene, this.#colours)
      this.#moved(this.#camera)
      this.#groundDirty = false
    }
    const smooth = !reducedMotion.matches
    this.#above.clearRect(0, 0, this.#camera.width, this.#camera.height)
    if (this.#layers.taxis) this.#drawTaxis(now, smooth)
    if (flying || (smooth && this.#layers.taxis && this.#traffic.moving(now))) this.#next()
  }

  #drawTaxis(now, smooth) {
    const small = this.#areas.filter((area) => tooSmall(area, this.#camera))
    const hidden = new Set(small.flatMap(({ taxis }) => taxis.map(({ id }) => id)))
    this.#traffic.draw(this.#above, this.#camera, now, this.#colours, {
      smooth,
      hidden,
      highlighted: this.#highlighted,
    })
    drawBubbles(this.#above, this.#camera, small, this.#colours)
  }
}

/** Even-odd rule. */
function covers(ring, [x, y]) {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [x1, y1] = ring[i]
    const [x2, y2] = ring[j]
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside
  }
  return inside
}
