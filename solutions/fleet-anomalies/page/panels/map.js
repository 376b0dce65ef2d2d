/** The map and its parts: zoom, scale, tips, the choice by a click, and the message when there are no trucks. */
import { countsOf, STATES } from '../fleet.js'
import { setText } from '../kit/dom.js'
import { openEmpty } from '../kit/empty.js'
import { drawScale } from '../kit/map/scale.js'
import { openZoom } from '../kit/map/zoom.js'
import { count, whole } from '../kit/numbers.js'
import { openTip } from '../kit/tip.js'
import { FleetMap } from '../map/map.js'
import { celsius } from '../texts.js'

/** A press that moves further moves the map. */
const CLICK_PX = 5
const NO_TRUCKS = 'No truck has reported lately. Send some out, and they appear here within two seconds.'

/** @param choose called with the id of a truck */
export function openMapPanel(document, choose) {
  const root = document.getElementById('map')
  const summary = document.getElementById('map-summary')
  const [scaleText, scaleBar] = ['scale-text', 'scale-bar'].map((id) => document.getElementById(id))
  const map = new FleetMap(root, (camera) => drawScale(scaleText, scaleBar, camera))
  const empty = openEmpty(document)
  openZoom(document, map)
  const tip = openTip(root, document.getElementById('map-tip'), (at) => {
    const truck = at ? map.at(at.x, at.y) : undefined
    root.style.cursor = truck ? 'pointer' : ''
    return truck && linesOf(truck)
  })
  listenForClicks(root, (x, y) => {
    const truck = map.at(x, y)
    if (truck) choose(truck.id)
  })
  return {
    setColours: (colours) => map.setColours(colours),
    show: (fleet, chosen) => {
      map.update(fleet, chosen)
      tip.refresh()
      empty.show(fleet.length === 0, NO_TRUCKS)
      setText(summary, summaryOf(fleet))
    },
  }
}

function listenForClicks(root, clicked) {
  let from = { clientX: 0, clientY: 0 }
  root.addEventListener('pointerdown', (event) => {
    from = event
  })
  root.addEventListener('click', ({ clientX, clientY }) => {
    if (Math.hypot(clientX - from.clientX, clientY - from.clientY) > CLICK_PX) return
    const { left, top } = root.getBoundingClientRect()
    clicked(clientX - left, clientY - top)
  })
}

const linesOf = ({ id, state, cargo, cargoClass, speed, engine, container }) => [
  id,
  state.name,
  `${cargo?.name ?? cargoClass}, ${whole(speed)} km/h`,
  `Container ${celsius(container)}, engine ${celsius(engine)}`,
]

function summaryOf(fleet) {
  if (fleet.length === 0) return 'No trucks.'
  const counts = countsOf(fleet)
  const states = STATES.filter(({ key }) => counts[key] > 0)
  return `${count(fleet.length)} trucks. ${states.map(({ key, name }) => `${name}: ${count(counts[key])}`).join(', ')}.`
}
