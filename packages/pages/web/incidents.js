/** An incident as a list shows it: its state, its severity, its title, and a sentence about it. */
import { element, setText } from './dom.js'
import { ago, count } from './numbers.js'

const clock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false })
const WORDS = { open: 'Open', acknowledged: 'Acknowledged', resolved: 'Resolved' }
const BADGES = { open: 'silent', acknowledged: 'behind', resolved: 'good' }

/**
 * @param label the words that open the message; acts: elements beside the title; below: elements below the message
 * @returns {{ item, show(incident, time): void }} a row for openRows
 */
export function incidentRow({ label, acts = [], below = [] }) {
  const badge = element('span', 'badge')
  const severity = element('span', 'severity')
  const title = element('h3')
  const about = element('p', 'about')
  const message = element('pre')
  const words = element('div', 'words', '', element('p', 'marks', '', badge, severity), title, about)
  const more = element('details', 'more', '', element('summary', '', label), message, ...below)
  const beside = acts.length === 0 ? [] : [element('div', 'acts', '', ...acts)]
  const item = element('li', 'incident', '', words, ...beside, more)
  return {
    item,
    show: (incident, time) => {
      item.dataset.status = incident.status
      badge.dataset.state = BADGES[incident.status]
      severity.dataset.severity = incident.severity
      setText(badge, WORDS[incident.status])
      setText(severity, incident.severity)
      setText(title, incident.title)
      setText(about, sentenceOf(incident, time))
      setText(message, incident.message)
    },
  }
}

function sentenceOf(incident, time) {
  const { key, topic, openedAt, alerts, status, escalateAt = null, escalatedTo = [] } = incident
  const parts = [
    `${key} in ${topic}`,
    `opened ${ago(Math.max(0, time - openedAt))}`,
    alerts === 1 ? '1 alert' : `${count(alerts)} alerts`,
  ]
  if (escalatedTo.length > 0) parts.push(`escalated to ${escalatedTo.join(', ')}`)
  if (status === 'open' && escalateAt !== null)
    parts.push(`is escalated at ${clock.format(escalateAt)} unless acknowledged`)
  if (status === 'acknowledged') parts.push(`acknowledged by ${incident.acknowledgedBy}`)
  if (status === 'resolved') parts.push(`resolved by ${incident.resolvedBy}`)
  return parts.join(' · ')
}
