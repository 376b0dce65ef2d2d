/** The live map: zones, demand and trails on the ground, and above it the taxis, which glide. */
import { CanvasMap } from '../kit/map/map.js'
import { reducedMotion } from '../kit/theme.js'
import { drawBubbles, tooSmall } from './bubbles.js'
import { drawGround } from './ground.js'
import { Traffic } from './traffic.js'
import { Cells } from './zones.js'

export class TaxiMap {
  #map
  #traffic = new Traffic()
  #cells = new Cells()
  #scene
  #colours
  #layers = { taxis: true, demand: true, zones: true }
  #areas = []
  #highlighted = null

  /** @param moved called with the camera when the view has changed */
  constructor(root, colours, moved) {
    this.#colours = colours
    this.#scene = {
      zones: [],
      cells: this.#cells.rings,
      demand: { zoom: 0, x: [], y: [], weight: [], most: 0 },
      trails: [],
      layers: this.#layers,
      selected: null,
    }
    this.#map = new CanvasMap(root, {
      drawGround: (context, camera) => drawGround(context, camera, this.#scene, this.#colours),
      drawAbove: (context, camera, now) => this.#drawTaxis(context, camera, now),
      moved,
    })
  }

  setColours(colours) {
    this.#colours = colours
    this.#map.redraw()
  }

  setZones(zones) {
    this.#scene.zones = zones
    this.#map.redraw()
  }

  setLayer(layer, shown) {
    this.#layers[layer] = shown
    this.#map.redraw()
  }

  /** @param taxis as fleet.js gives them; demand as demand.js draws it; areas from areas.js */
  update(taxis, demand, areas) {
    this.#areas = areas
    this.#cells.visit(new Set(taxis.flatMap(({ zone }) => (zone.name === null ? [zone.id] : []))))
    this.#traffic.update(taxis, performance.now())
    Object.assign(this.#scene, { demand, trails: this.#traffic.trails() })
    this.#map.redraw()
  }

  /** As CanvasMap shows a box. */
  show(box, again) {
    this.#map.show(box, again)
  }

  fit() {
    this.#map.fit()
  }

  zoom(factor) {
    this.#map.zoom(factor)
  }

  /** Outlines a zone or cell; null clears the outline. */
  select(zone) {
    this.#scene.selected = zone
    this.#map.redraw()
  }

  /** The zone's or cell's ring; undefined if it is not known. */
  ringOf(id) {
    return this.#scene.zones.find((zone) => zone.id === id)?.ring ?? this.#cells.rings.get(id)
  }

  /** Returns the taxi at a point of the element, and rings it until the next call. */
  point(x, y) {
    const { camera } = this.#map
    const taxi = this.#layers.taxis ? this.#traffic.at(x, y, camera, performance.now()) : undefined
    if (this.#highlighted !== (taxi?.id ?? null)) {
      this.#highlighted = taxi?.id ?? null
      this.#map.redrawAbove()
    }
    return taxi
  }

  /** Returns the zone at a point of the element. */
  zoneAt(x, y) {
    const { camera } = this.#map
    const world = [camera.worldX(x), camera.worldY(y)]
    return this.#layers.zones ? this.#scene.zones.find(({ ring }) => covers(ring, world)) : undefined
  }

  #drawTaxis(context, camera, now) {
    if (!this.#layers.taxis) return Infinity
    const small = this.#areas.filter((area) => tooSmall(area, camera))
    const hidden = new Set(small.flatMap(({ taxis }) => taxis.map(({ id }) => id)))
    const smooth = !reducedMotion.matches
    this.#traffic.draw(context, camera, now, this.#colours, {
      smooth,
      hidden,
      highlighted: this.#highlighted,
    })
    drawBubbles(context, camera, small, this.#colours)
    return smooth ? this.#traffic.untilMovedMs(camera, now) : Infinity
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
