/** The fleet in five figures. */
import { mean } from '../fleet.js'
import { count, percent, rate, speed } from '../numbers.js'
import { setText } from './chart.js'

const MINUTE_SECONDS = 60

export function openFigures(document) {
  const element = (name) => document.getElementById(`figure-${name}`)
  const [taxis, occupied, occupiedNote, trips, pace, reports] = [
    'taxis',
    'occupied',
    'occupied-note',
    'trips',
    'speed',
    'reports',
  ].map(element)
  const sources = document.getElementById('sources')
  return {
    show: (fleet, lastMinute) => {
      const busy = fleet.filter(({ state }) => state.id === 'OCCUPIED').length
      const driving = fleet.filter(({ speed: kmh }) => kmh >= 3)
      setText(taxis, count(lastMinute.taxis))
      setText(occupied, percent(busy, fleet.length))
      setText(
        occupiedNote,
        fleet.length < lastMinute.taxis
          ? `of the ${count(fleet.length)} shown`
          : `${count(busy)} of ${count(fleet.length)} taxis`,
      )
      setText(trips, count(lastMinute.trips))
      if (driving.length === 0) withUnit(pace, '–', '')
      else withUnit(pace, speed(mean(driving.map(({ speed: kmh }) => kmh))), 'km/h')
      withUnit(reports, rate(lastMinute.reports / MINUTE_SECONDS), '/s')
      setText(
        sources,
        lastMinute.sources.length === 0
          ? ''
          : `Sources: ${lastMinute.sources.map(({ name, reports: some }) => `${name} ${rate(some / MINUTE_SECONDS)} /s`).join(', ')}.`,
      )
    },
  }
}

function withUnit(element, value, unit) {
  if (element.childElementCount === 0)
    element.replaceChildren(document.createTextNode(''), document.createElement('small'))
  const [text, small] = element.childNodes
  if (text.data !== value) text.data = value
  setText(small, unit)
}
