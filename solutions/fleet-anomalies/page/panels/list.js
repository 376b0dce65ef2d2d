/** The list of trucks: the map as text, and access to every truck by keyboard. */
import { isOutside } from '../fleet.js'
import { element, setText } from '../kit/dom.js'
import { count, whole } from '../kit/numbers.js'
import { button, openRows, showSentence } from '../kit/rows.js'
import { degrees } from '../texts.js'

const MAX_ROWS = 300
const NEAR = '200px'

/** @param choose called with the id of a truck */
export function openList(document, choose) {
  const [body, search, note, panel] = ['list-body', 'list-search', 'list-note', 'trucks'].map((id) =>
    document.getElementById(id),
  )
  const inView = viewOf(body.closest('.rows'))
  const fill = openRows(
    body,
    ({ id }) => id,
    (truck) => rowOf(truck, choose, inView),
  )
  let last
  const draw = () => {
    const { fleet, more, chosen } = last
    const wanted = search.value.trim().toLowerCase()
    const found = fleet.filter(({ id }) => id.toLowerCase().includes(wanted))
    const shown = found.slice(0, MAX_ROWS)
    panel.classList.toggle('bare', shown.length === 0)
    showSentence(note, noteOf(fleet, found, shown, more, wanted))
    fill(shown, chosen)
  }
  search.addEventListener('input', () => last && draw())
  return {
    /** @param fleet in the order of the list */
    show: (fleet, more, chosen) => {
      last = { fleet, more, chosen }
      draw()
    },
  }
}

function noteOf(fleet, found, shown, more, wanted) {
  if (fleet.length === 0) return 'No truck has reported lately.'
  if (found.length === 0) return `No truck has “${wanted}” in its name.`
  const parts = []
  if (found.length > shown.length)
    parts.push(`These are the first ${count(shown.length)} of ${count(found.length)}; search for others.`)
  if (more > 0) parts.push(`${count(more)} more trucks are not on this page.`)
  return parts.join(' ')
}

/** A row that is drawn while it is in or near the view: most of a long list is not. */
function rowOf({ id }, choose, inView) {
  const name = button(id, 'link', () => choose(id))
  const head = element('th', '', '', name)
  head.scope = 'row'
  const badge = element('span', 'badge')
  const cells = Array.from({ length: 4 }, () => element('td'))
  const [cargo, container, engine, speed] = cells
  const item = element('tr', '', '', head, element('td', '', '', badge), ...cells)
  let latest
  let isSeen = false
  const draw = () => {
    const { truck, chosen } = latest
    item.setAttribute('aria-current', String(id === chosen))
    if (badge.dataset.state !== truck.state.badge) badge.dataset.state = truck.state.badge
    setText(badge, truck.state.short)
    setText(cargo, truck.cargo?.name ?? truck.cargoClass)
    setText(speed, whole(truck.speed))
    showTemperature(container, truck.container, truck.bands.container)
    showTemperature(engine, truck.engine, truck.bands.engine)
  }
  inView(item, (isNow) => {
    isSeen = isNow
    if (isSeen) draw()
  })
  return {
    item,
    show: (truck, chosen) => {
      const isFirst = latest === undefined
      latest = { truck, chosen }
      if (isSeen || isFirst) draw()
    },
  }
}

/** Tells elements when they come into or near the view of the list, and when they leave it. */
function viewOf(root) {
  const listeners = new WeakMap()
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) listeners.get(target)(isIntersecting)
    },
    { root, rootMargin: NEAR },
  )
  return (item, changed) => {
    listeners.set(item, changed)
    observer.observe(item)
  }
}

function showTemperature(cell, value, band) {
  setText(cell, degrees(value))
  cell.classList.toggle('bad', isOutside(value, band))
}
