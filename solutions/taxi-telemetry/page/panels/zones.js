/** The table of zones by number of taxis: the map as text, and access to its places by keyboard. */
import { byZone } from '../fleet.js'
import { element, setText } from '../kit/dom.js'
import { count, percent, whole } from '../kit/numbers.js'

const FEW = 8
const MOST = 100

/** @param chosen called with a zone's id, or with null when it is chosen again */
export function openZones(document, chosen) {
  const body = document.getElementById('zones-table').tBodies[0]
  const more = document.getElementById('zones-more')
  let zones = []
  let all = false
  let selected = null

  const draw = () => {
    const shown = zones.slice(0, all ? MOST : FEW)
    if (body.rows[0]?.dataset.nothing) body.deleteRow(0)
    while (body.rows.length > shown.length) body.deleteRow(-1)
    shown.forEach((zone, i) => fillRow(body.rows[i] ?? newRow(body), zone, selected))
    if (zones.length === 0) showNothing(body)
    more.hidden = zones.length <= FEW
    more.setAttribute('aria-expanded', String(all))
    setText(more, all ? 'Show the busiest only' : `Show all ${count(zones.length)} zones`)
  }

  more.addEventListener('click', () => {
    all = !all
    draw()
  })
  body.addEventListener('click', ({ target }) => {
    const zone = target.closest('button')?.dataset.zone
    if (zone === undefined) return
    selected = selected === zone ? null : zone
    chosen(selected)
    draw()
  })
  return {
    show: (taxis) => {
      zones = byZone(taxis)
      draw()
    },
    clear: () => {
      selected = null
      draw()
    },
  }
}

function fillRow(row, { id, name, taxis, occupied, speed }, selected) {
  const button = row.cells[0].firstElementChild
  button.dataset.zone = id
  button.setAttribute('aria-pressed', String(selected === id))
  row.setAttribute('aria-current', String(selected === id))
  setText(button.firstElementChild, name ?? `Cell ${id}`)
  setText(row.cells[1], count(taxis))
  const [meter, share] = row.cells[2].firstElementChild.children
  meter.value = occupied / taxis
  setText(share, percent(occupied, taxis))
  setText(row.cells[3], whole(speed))
}

function newRow(body) {
  const row = body.insertRow()
  const button = element('button', 'zone', '', element('span'))
  button.type = 'button'
  const meter = element('meter')
  meter.setAttribute('aria-hidden', 'true')
  const share = element('span', 'share', '', meter, element('span'))
  row.append(element('td', '', '', button), element('td'), element('td', 'wide', '', share), element('td'))
  return row
}

function showNothing(body) {
  const cell = body.insertRow().insertCell()
  cell.parentElement.dataset.nothing = 'true'
  cell.colSpan = 4
  cell.className = 'nothing'
  cell.textContent = 'No taxis to show.'
}
