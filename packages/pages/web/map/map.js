/**
 * A map of two stacked canvases: the ground is redrawn when the view or the data has changed, and what moves
 * is drawn above it, frame by frame.
 */
import { reducedMotion } from '../theme.js'
import { Camera } from './camera.js'
import { listen } from './gestures.js'
import { isEmpty } from './mercator.js'

/** The time from one frame to the next on most screens. */
const FRAME_MS = 16

export class CanvasMap {
  #root
  #layers
  #ground
  #above
  #camera = new Camera()
  #wanted = null
  #free = false
  #groundDirty = true
  #frame = 0
  #timer = 0

  /**
   * @param root an element with two canvases
   * @param layers { drawGround(context, camera), drawAbove(context, camera, now): the ms after which its next frame
   * looks different, or Infinity while nothing moves; moved(camera): called when the view has changed }
   */
  constructor(root, layers) {
    this.#root = root
    this.#layers = layers
    const [ground, above] = root.querySelectorAll('canvas')
    this.#ground = ground.getContext('2d')
    this.#above = above.getContext('2d')
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
    this.redraw()
  }

  fit() {
    if (this.#wanted) this.show(this.#wanted, true)
  }

  zoom(factor) {
    this.#byHand(() => this.#camera.zoom(factor))
  }

  /** Draws both canvases in the next frame. */
  redraw() {
    this.#groundDirty = true
    this.redrawAbove()
  }

  redrawAbove() {
    this.#frame ||= requestAnimationFrame((now) => this.#draw(now))
  }

  #byHand(move) {
    this.#free = true
    move()
    this.redraw()
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
    this.#groundDirty = true
    this.#draw(performance.now()) // At once: a cleared canvas would flash.
  }

  #draw(now) {
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#timer)
    this.#frame = 0
    const camera = this.#camera
    const flying = camera.step(now)
    if (flying || this.#groundDirty) {
      this.#ground.clearRect(0, 0, camera.width, camera.height)
      this.#layers.drawGround(this.#ground, camera)
      this.#layers.moved(camera)
      this.#groundDirty = false
    }
    this.#above.clearRect(0, 0, camera.width, camera.height)
    const pauseMs = this.#layers.drawAbove(this.#above, camera, now)
    if (flying || pauseMs < FRAME_MS) this.redrawAbove()
    else if (pauseMs < Infinity) this.#timer = setTimeout(() => this.redrawAbove(), pauseMs - FRAME_MS)
  }
}
