/** The figures at the top. */
import { setText } from '../kit/dom.js'
import { count, latency, rate } from '../kit/numbers.js'

export function openFigures(document) {
  const set = (id, text, state = 'good') => {
    const value = document.getElementById(`figure-${id}`)
    setText(value, text)
    value.dataset.state = state
  }
  return {
    show: ({ incidents, totals }, stages) => {
      const open = incidents.rows.filter(({ status }) => status === 'open').length
      set('incidents', count(incidents.unresolved), open > 0 ? 'bad' : 'good')
      setText(
        document.getElementById('figure-incidents-note'),
        open > 0 ? `not resolved, ${count(open)} not acknowledged` : 'not resolved',
      )
      set('failing', count(totals.failing), totals.failing > 0 ? 'warn' : 'good')
      set('waiting', count(totals.waiting))
      const stage = stages.find((one) => one.stage === 'alerter.deliveries')
      const isReporting = stage !== undefined && stage.instances > 0
      set('delivered', isReporting ? rate(stage.records) : '–')
      set('p99', isReporting ? latency(stage.p99).join(' ') : '–')
    },
  }
}
