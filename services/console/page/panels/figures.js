/** The figures at the top. */
import { setText } from '../kit/dom.js'
import { count, latency, rate } from '../kit/numbers.js'

export function openFigures(document) {
  const set = (id, text) => setText(document.getElementById(`figure-${id}`), text)
  return {
    show: ({ health, topics, letters }, stages) => {
      const services = health.value ?? []
      const ready = services.filter(({ state }) => state === 'ready').length
      set('services', health.value === null ? '–' : `${ready} of ${services.length}`)
      set('services-note', ready === services.length ? 'ready' : 'ready; the others are listed below')
      document.getElementById('figure-services').dataset.state = ready === services.length ? 'good' : 'bad'
      const doors = stages.filter(({ stage, instances }) => instances > 0 && stage.startsWith('ingest-hub.'))
      set('in', rate(doors.reduce((sum, { records }) => sum + records, 0)))
      const groups = topics.value?.groups
      set('lag', groups ? count(groups.reduce((sum, { lag }) => sum + lag, 0)) : '–')
      const slowest = stages.reduce((a, b) => ((b.p99 ?? -1) > (a?.p99 ?? -1) ? b : a), undefined)
      set('p99', slowest?.p99 == null ? '–' : latency(slowest.p99).join(' '))
      set(
        'p99-note',
        slowest?.p99 == null ? 'no stage handles records now' : `${slowest.stage}, 99th percentile`,
      )
      const left = letters.value?.counts.reduce((sum, { letters, redriven }) => sum + letters - redriven, 0)
      set('dead', left === undefined ? '–' : count(left))
      document.getElementById('figure-dead').dataset.state = left > 0 ? 'warn' : 'good'
    },
  }
}
