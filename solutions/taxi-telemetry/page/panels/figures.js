/** The fleet in five figures. */
import { mean } from '../fleet.js'
import { element, setText } from '../kit/dom.js'
import { count, percent, rate, whole } from '../kit/numbers.js'

const MINUTE_SECONDS = 60

export function openFigures(document) {
  const figure = (name) => document.getElementById(`figure-${name}`)
  const [taxis, occupied, occupiedNote, trips, pace, reports] = [
    'taxis',
    'occupied',
    'occupied-note',
    'trips',
    'speed',
    'reports',
  ].map(figure)
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
      else withUnit(pace, whole(mean(driving.map(({ speed: kmh }) => kmh))), 'km/h')
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

function withUnit(figure, value, unit) {
  if (figure.childElementCount === 0) figure.replaceChildren(document.createTextNode(''), element('small'))
  const [text, small] = figure.childNodes
  if (text.data !== value) text.data = value
  setText(small, unit)
}
