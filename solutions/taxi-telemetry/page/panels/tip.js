/** The tip beside the pointer: it describes a taxi or a zone of the map. */
import { speed } from '../numbers.js'

const AWAY_PX = 14

export function openTip(root, tip, map) {
  let at = null

  const draw = () => {
    const taxi = at ? map.point(at.x, at.y) : undefined
    const zone = at && !taxi ? map.zoneAt(at.x, at.y) : undefined
    tip.hidden = !taxi && !zone
    root.style.cursor = taxi ? 'pointer' : ''
    if (tip.hidden) return
    const [title, ...lines] = taxi
      ? [taxi.id, taxi.state.name, `${speed(taxi.speed)} km/h`, taxi.zone.name ?? `Cell ${taxi.zone.id}`]
      : [zone.name]
    tip.replaceChildren(line('strong', title), ...lines.map((text) => line('span', text)))
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

function line(tag, text) {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}
