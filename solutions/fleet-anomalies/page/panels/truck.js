/** The chosen truck: its state, its faults, how far a deviation has come, and its temperatures. */
import { isOutside } from '../fleet.js'
import { element, setText } from '../kit/dom.js'
import { at, seconds, whole } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'
import { progressOf } from '../progress.js'
import { outsideSince } from '../readings.js'
import { celsius, sentence } from '../texts.js'
import { openFaults } from './faults.js'
import { openTemperatures } from './temperatures.js'

/** A truck reports once a second; what is older than this is worth a word. */
const OLD_MS = 3000

export function openTruck(document) {
  const [panel, title, badge, about, finding, steps, body] = [
    'truck',
    'truck-title',
    'truck-state',
    'truck-about',
    'truck-finding',
    'truck-steps',
    'truck-body',
  ].map((id) => document.getElementById(id))
  const faults = openFaults(document)
  const temperatures = openTemperatures(document)
  return {
    setColours: (colours) => temperatures.setColours(colours),
    /** @param truck undefined if the chosen one, `id`, is not in the snapshot */
    show: (truck, id, data, time) => {
      body.hidden = truck === undefined
      badge.hidden = truck === undefined
      panel.dataset.state = truck?.state.key ?? 'none'
      setText(title, truck?.id ?? id ?? 'No truck')
      if (truck === undefined) {
        setText(about, id === null ? 'Choose one on the map or in the list.' : notFound(data))
        return
      }
      badge.dataset.state = truck.state.badge
      setText(badge, truck.state.name)
      setText(about, aboutOf(truck, time))
      showSentence(finding, truck.open.map(({ why }) => sentence(why)).join(' '))
      faults.show(truck)
      temperatures.show(truck, data.findings, time)
      const since = deviatesSince(truck, temperatures.readings, time)
      showSteps(steps, progressOf(truck, data, since, time), time)
    },
  }
}

const notFound = ({ more }) =>
  more > 0
    ? 'This truck is not among those that the page shows.'
    : 'No truck of this name has reported lately.'

function aboutOf({ cargo, cargoClass, speed, ambient, at: lastAt }, time) {
  const parts = [cargo?.name ?? cargoClass, `${whole(speed)} km/h`]
  if (ambient !== null) parts.push(`${celsius(ambient)} outside`)
  if (time - lastAt > OLD_MS) parts.push(`last reading ${seconds(time - lastAt)} ago`)
  return parts.join(' · ')
}

function deviatesSince({ bands, fault, at: lastAt }, readings, time) {
  if (fault === 'silence') return time - lastAt > OLD_MS ? lastAt : null
  const sinces = Object.entries(bands)
    .map(([sensor, band]) => outsideSince(readings, sensor, (value) => isOutside(value, band)))
    .filter((since) => since !== null)
  return sinces.length === 0 ? null : Math.min(...sinces)
}

function showSteps(list, steps, time) {
  list.hidden = steps.length === 0
  if (list.children.length !== steps.length)
    list.replaceChildren(...steps.map(() => element('li', '', '', element('b'), element('span'))))
  steps.forEach((step, i) => {
    const [label, text] = list.children[i].children
    list.children[i].className = step.isDone ? 'done' : ''
    setText(label, step.name)
    setText(text, stepText(step, time))
  })
}

function stepText({ at: when, isDone, dueAt }, time) {
  if (when !== null) return at(when)
  if (isDone) return 'done'
  return dueAt !== null && dueAt > time ? `in ${seconds(dueAt - time)}` : 'not yet'
}
