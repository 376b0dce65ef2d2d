/** The part of the world that the map shows, and how the view moves. */
import { isEmpty } from './mercator.js'

const MAX_SCALE = 2 ** 30 // pixels a world: about 4 cm a pixel
const MOVE_MS = 650
/**
 * A fit does not move a view that is already this close, so that the map does not tremble with every report.
 */
const TOLERANCE = 0.2

export class Camera {
  x = 0.5
  y = 0.5
  /** Width of the world in pixels. */
  scale = 512
  width = 1
  height = 1
  #move = null

  resize(width, height) {
    this.width = Math.max(1, width)
    this.height = Math.max(1, height)
  }

  screenX(x) {
    return (x - this.x) * this.scale + this.width / 2
  }

  screenY(y) {
    return (y - this.y) * this.scale + this.height / 2
  }

  worldX(pixel) {
    return (pixel - this.width / 2) / this.scale + this.x
  }

  worldY(pixel) {
    return (pixel - this.height / 2) / this.scale + this.y
  }

  /** Shows the box with a margin; moves at once unless `smooth`. */
  fit(box, smooth) {
    if (isEmpty(box)) return
    const margin = Math.min(this.width, this.height) * 0.07 + 8
    const least = 0.00002 // 800 m at the equator: a single taxi has surroundings
    const scale = Math.min(
      (this.width - 2 * margin) / Math.max(box.east - box.west, least),
      (this.height - 2 * margin) / Math.max(box.south - box.north, least),
      MAX_SCALE,
    )
    this.#go(
      {
        x: (box.west + box.east) / 2,
        y: (box.north + box.south) / 2,
        scale: Math.max(scale, this.#minScale()),
      },
      smooth,
    )
  }

  /** Returns true if the box fits the view well: nothing much outside it, and not too small. */
  fits(box) {
    const target = this.#move?.to ?? this
    const width = this.width / target.scale
    const height = this.height / target.scale
    const slack = (TOLERANCE / 4) * Math.min(width, height)
    const inside =
      box.west >= target.x - width / 2 - slack &&
      box.east <= target.x + width / 2 + slack &&
      box.north >= target.y - height / 2 - slack &&
      box.south <= target.y + height / 2 + slack
    return inside && Math.max((box.east - box.west) / width, (box.south - box.north) / height) > 0.5
  }

  pan(dx, dy) {
    this.#move = null
    this.x -= dx / this.scale
    this.y = Math.min(1, Math.max(0, this.y - dy / this.scale))
  }

  /** Zooms by a factor about a point of the screen, which stays in place. */
  zoom(factor, pixelX = this.width / 2, pixelY = this.height / 2) {
    this.#move = null
    const x = this.worldX(pixelX)
    const y = this.worldY(pixelY)
    this.scale = Math.min(MAX_SCALE, Math.max(this.#minScale(), this.scale * factor))
    this.x = x - (pixelX - this.width / 2) / this.scale
    this.y = Math.min(1, Math.max(0, y - (pixelY - this.height / 2) / this.scale))
  }

  /** Advances the move; returns false when it has arrived. */
  step(now) {
    if (!this.#move) return false
    const { from, to, began } = this.#move
    const part = Math.min(1, (now - began) / MOVE_MS)
    const eased = part * part * (3 - 2 * part)
    // Zooms by ratios and pans in the pixels of the moment: a flight, not a jump, even from New York to
    // Athens.
    this.scale = from.scale * (to.scale / from.scale) ** eased
    const travelled =
      Math.abs(to.scale - from.scale) < 1e-6 * to.scale
        ? eased
        : (1 / from.scale - 1 / this.scale) / (1 / from.scale - 1 / to.scale)
    this.x = from.x + (to.x - from.x) * travelled
    this.y = from.y + (to.y - from.y) * travelled
    if (part === 1) this.#move = null
    return true
  }

  #go(to, smooth) {
    if (!smooth) {
      this.#move = null
      Object.assign(this, to)
      return
    }
    this.#move = { from: { x: this.x, y: this.y, scale: this.scale }, to, began: performance.now() }
  }

  #minScale() {
    return Math.max(this.width, this.height) * 0.6
  }
}
