/** The scale of a map: the longest round distance (1, 2 or 5 times a power of ten) that fits. */
import { setText } from '../dom.js'
import { metresPerUnit } from './mercator.js'

const SCALE_PX = 110

/** @param text, bar the elements that name and show the distance */
export function drawScale(text, bar, camera) {
  const metresPerPixel = metresPerUnit(camera.y) / camera.scale
  const power = 10 ** Math.floor(Math.log10(SCALE_PX * metresPerPixel))
  const metres = power * [5, 2, 1].find((factor) => factor * power <= SCALE_PX * metresPerPixel)
  setText(text, metres >= 1000 ? `${metres / 1000} km` : `${metres} m`)
  bar.style.width = `${Math.round(metres / metresPerPixel)}px`
}
