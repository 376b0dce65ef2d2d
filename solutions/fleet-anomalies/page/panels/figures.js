/** The figures at the top. */
import { countsOf, SILENT_MS } from '../fleet.js'
import { setText } from '../kit/dom.js'
import { count, latency } from '../kit/numbers.js'

export function openFigures(document) {
  const set = (id, text, note, state = 'good') => {
    const value = document.getElementById(`figure-${id}`)
    setText(value, text)
    value.dataset.state = state
    if (note !== undefined) setText(document.getElementById(`figure-${id}-note`), note)
  }
  /** Messages are rare: the last latency of a minute stays. */
  const setLatency = (id, stage) => {
    const last = stage?.history.p99.findLast((value) => value !== null) ?? null
    set(
      id,
      latency(stage?.p99 ?? last)
        .join(' ')
        .trim(),
    )
  }
  return {
    show: (fleet, { more, incidents }, stages, time) => {
      const { finding, outside } = countsOf(fleet)
      const reporting = fleet.filter(({ at }) => time - at <= SILENT_MS).length
      const all = fleet.length + more
      set(
        'trucks',
        count(all),
        reporting === fleet.length ? 'reporting' : `${count(fleet.length - reporting)} of them silent`,
      )
      set(
        'deviating',
        count(finding + outside),
        finding > 0 ? `${count(finding)} with an open finding` : 'none with an open finding',
        finding > 0 ? 'bad' : outside > 0 ? 'warn' : 'good',
      )
      const unresolved = incidents.filter(({ status }) => status !== 'resolved')
      const open = unresolved.filter(({ status }) => status === 'open').length
      set(
        'incidents',
        count(unresolved.length),
        open > 0 ? `not resolved, ${count(open)} not acknowledged` : 'not resolved',
        open > 0 ? 'bad' : unresolved.length > 0 ? 'warn' : 'good',
      )
      setLatency(
        'deliveries',
        stages.find(({ stage }) => stage === 'alerter.deliveries'),
      )
      setLatency(
        'detection',
        stages.find(({ stage }) => stage === 'alerter.fleet'),
      )
    },
  }
}
