/** The incidents: those that nobody acknowledged, the acknowledged ones, and the last that were resolved. */
import { element } from '../kit/dom.js'
import { incidentRow } from '../kit/incidents.js'
import { count } from '../kit/numbers.js'
import { refusalOf } from '../kit/refusal.js'
import { button, openRows, showSentence } from '../kit/rows.js'

const clock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false })

export function openIncidents(document) {
  const [note, refusal, list] = ['incidents-note', 'incidents-refusal', 'incident-list'].map((id) =>
    document.getElementById(id),
  )
  const act = async (pressed, { id }, action) => {
    pressed.disabled = true
    showSentence(refusal, (await request(id, action)) ?? '')
    pressed.disabled = false
  }
  const show = openRows(
    list,
    ({ id }) => id,
    (incident) => rowOf(incident, act),
  )
  return {
    show: ({ incidents: { rows, unresolved } }, _stages, time) => {
      const shown = rows.filter(({ status }) => status !== 'resolved').length
      const more =
        unresolved > shown
          ? `These are ${count(shown)} of ${count(unresolved)}; npx weir alerts incidents lists others.`
          : ''
      showSentence(
        note,
        rows.length === 0
          ? 'There is no incident. A message with the attribute weir.incident.key opens one.'
          : more,
      )
      show(rows, time)
    },
  }
}

const request = (id, action) =>
  refusalOf(
    fetch(`../v1/incidents/${id}/${action}`, { method: 'POST' }),
    'The alerter does not answer, so it is unknown whether anything has changed; try again.',
  )

function rowOf(first, act) {
  let incident = first
  const acknowledge = button('Acknowledge', 'main', () => act(acknowledge, incident, 'acknowledge'))
  const resolve = button('Resolve', 'plain', () => act(resolve, incident, 'resolve'))
  const history = element('ol', 'history')
  const row = incidentRow({ label: 'Message and history', acts: [acknowledge, resolve], below: [history] })
  return {
    item: row.item,
    show: (now, time) => {
      incident = now
      row.show(now, time)
      if (history.dataset.at !== String(now.changedAt)) history.replaceChildren(...now.history.map(changeOf))
      history.dataset.at = now.changedAt
      acknowledge.hidden = now.status !== 'open'
      resolve.hidden = now.status === 'resolved'
      acknowledge.setAttribute('aria-label', `Acknowledge: ${now.title}`)
      resolve.setAttribute('aria-label', `Resolve: ${now.title}`)
    },
  }
}

const changeOf = ({ at, what, text }) =>
  element(
    'li',
    '',
    '',
    element('time', '', clock.format(at)),
    element('b', '', what),
    element('span', '', text),
  )
