/** The incidents: those that nobody acknowledged, the acknowledged ones, and the last that were resolved. */
import { element, setText } from '../kit/dom.js'
import { ago, count } from '../kit/numbers.js'
import { button, openRows, showSentence } from '../kit/rows.js'

const clock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false })
const WORDS = { open: 'Open', acknowledged: 'Acknowledged', resolved: 'Resolved' }
const BADGES = { open: 'silent', acknowledged: 'behind', resolved: 'good' }

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

/** Resolves to a sentence if the request is refused, else to null. */
async function request(id, action) {
  try {
    const response = await fetch(`../v1/incidents/${id}/${action}`, { method: 'POST' })
    return response.ok ? null : (await response.json()).error.message
  } catch {
    return 'The alerter does not answer, so it is unknown whether anything has changed; try again.'
  }
}

function rowOf(first, act) {
  let incident = first
  const badge = element('span', 'badge')
  const severity = element('span', 'severity')
  const title = element('h3')
  const about = element('p', 'about')
  const message = element('pre')
  const history = element('ol', 'history')
  const more = element('details', 'more', '', element('summary', '', 'Message and history'), message, history)
  const acknowledge = button('Acknowledge', 'main', () => act(acknowledge, incident, 'acknowledge'))
  const resolve = button('Resolve', 'plain', () => act(resolve, incident, 'resolve'))
  const words = element('div', 'words', '', element('p', 'marks', '', badge, severity), title, about)
  const item = element('li', 'incident', '', words, element('div', 'acts', '', acknowledge, resolve), more)
  return {
    item,
    show: (now, time) => {
      incident = now
      item.dataset.status = now.status
      badge.dataset.state = BADGES[now.status]
      severity.dataset.severity = now.severity
      setText(badge, WORDS[now.status])
      setText(severity, now.severity)
      setText(title, now.title)
      setText(about, sentenceOf(now, time))
      setText(message, now.message)
      if (history.dataset.at !== String(now.changedAt)) history.replaceChildren(...now.history.map(changeOf))
      history.dataset.at = now.changedAt
      acknowledge.hidden = now.status !== 'open'
      resolve.hidden = now.status === 'resolved'
      acknowledge.setAttribute('aria-label', `Acknowledge: ${now.title}`)
      resolve.setAttribute('aria-label', `Resolve: ${now.title}`)
    },
  }
}

function sentenceOf(
  { key, topic, openedAt, alerts, status, acknowledgedBy, resolvedBy, escalateAt, escalatedTo },
  time,
) {
  const parts = [
    `${key} in ${topic}`,
    `opened ${ago(Math.max(0, time - openedAt))}`,
    alerts === 1 ? '1 alert' : `${count(alerts)} alerts`,
  ]
  if (escalatedTo.length > 0) parts.push(`escalated to ${escalatedTo.join(', ')}`)
  if (status === 'open' && escalateAt !== null)
    parts.push(`is escalated at ${clock.format(escalateAt)} unless acknowledged`)
  if (status === 'acknowledged') parts.push(`acknowledged by ${acknowledgedBy}`)
  if (status === 'resolved') parts.push(`resolved by ${resolvedBy}`)
  return parts.join(' · ')
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
