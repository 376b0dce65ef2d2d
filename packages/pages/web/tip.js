/** The tip beside the pointer: it describes the point under it, by mouse and by touch. */
import { element } from './dom.js'

const AWAY_PX = 14

/**
 * @param describe (at) → the lines of the tip, the first of which is its title; undefined for no tip. `at` is
 * the point { x, y } of `root` under the pointer, or null if there is none
 * @returns {{ refresh(): void }} to describe the same point again
 */
export function openTip(root, tip, describe) {
  let at = null

  const draw = () => {
    const lines = describe(at)
    tip.hidden = lines === undefined
    if (tip.hidden) return
    const [title, ...rest] = lines
    tip.replaceChildren(element('strong', '', title), ...rest.map((line) => element('span', '', line)))
    const left =
      at.x + AWAY_PX + tip.offsetWidth > root.clientWidth ? at.x - AWAY_PX - tip.offsetWidth : at.x + AWAY_PX
    const top = Math.min(at.y + AWAY_PX, root.clientHeight - tip.offsetHeight - 8)
    tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`
  }

  root.addEventListener('pointermove', (event) => {
    const { left, top } = root.getBoundingClientRect()
    at =
      event.buttons > 0 && event.pointerType === 'mouse'
        ? null
        : { x: event.clientX - left, y: event.clientY - top }
    draw()
  })
  root.addEventListener('pointerdown', (event) => {
    const { left, top } = root.getBoundingClientRect()
    if (event.pointerType !== 'mouse') at = { x: event.clientX - left, y: event.clientY - top }
    draw()
  })
  root.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType !== 'mouse') return // A tip opened by touch stays until the next tap.
    at = null
    draw()
  })
  return { refresh: draw }
}
