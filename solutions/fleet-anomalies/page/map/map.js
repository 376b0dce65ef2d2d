/** The map: a graticule with cities, and the trucks above it. */
import { CanvasMap } from '../kit/map/map.js'
import { nowhere, toX, toY, widen } from '../kit/map/mercator.js'
import { drawGraticule } from '../kit/map/shapes.js'
import { drawCities, drawCityNames, withCities } from './cities.js'
import { Marks } from './marks.js'

export class FleetMap {
  #map
  #marks = new Marks()
  #colours

  /** @param moved called with the camera when the view has changed */
  constructor(root, moved) {
    this.#map = new CanvasMap(root, {
      drawGround: (context, camera) => {
        if (!this.#colours) return
        drawGraticule(context, camera, this.#colours)
        drawCities(context, camera, this.#colours)
      },
      drawAbove: (context, camera) => {
        if (this.#colours)
          this.#marks.draw(context, camera, this.#colours, () =>
            drawCityNames(context, camera, this.#colours),
          )
        return Infinity
      },
      moved,
    })
  }

  setColours(colours) {
    this.#colours = colours
    this.#map.redraw()
  }

  /** Takes the trucks of a snapshot. Draws them only if one of them is elsewhere on the screen. */
  update(fleet, chosen) {
    this.#marks.update(fleet, chosen)
    const box = nowhere()
    for (const { lon, lat } of fleet) widen(box, toX(lon), toY(lat))
    this.#map.show(withCities(box))
    if (this.#marks.isMoved(this.#map.camera)) this.#map.redrawAbove()
  }

  at(x, y) {
    return this.#marks.at(x, y, this.#map.camera)
  }

  zoom(factor) {
    this.#map.zoom(factor)
  }

  fit() {
    this.#map.fit()
  }
}
