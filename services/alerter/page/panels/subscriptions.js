/** The subscriptions with their health. One that is opened shows its last attempts. */
import { element, setText } from '../kit/dom.js'
import { ago, count } from '../kit/numbers.js'
import { openRows, showSentence } from '../kit/rows.js'
import { openAttempts } from './attempts.js'

const WORDS = { well: 'Delivering', failing: 'Failing', pending: 'Not confirmed', idle: 'Idle' }
const BADGES = { well: 'good', failing: 'silent', pending: 'behind', idle: 'idle' }
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'short', hour12: false })

export function openSubscriptions(document) {
  const [note, list] = ['subscriptions-note', 'subscription-list'].map((id) => document.getElementById(id))
  const show = openRows(list, ({ id }) => id, rowOf)
  return {
    show: ({ subscriptions, totals, skipped }, _stages, time) => {
      const more =
        totals.subscriptions > subscriptions.length
          ? `These are ${count(subscriptions.length)} of ${count(totals.subscriptions)}: those that fail, then the busiest. `
          : ''
      const some = skipped > 0 ? `${count(skipped)} attempts were not read, because there were too many.` : ''
      showSentence(
        note,
        subscriptions.length === 0
          ? 'There is no subscription yet: any client of SNS can subscribe.'
          : more + some,
      )
      show(subscriptions, time)
    },
  }
}

function rowOf({ id }) {
  const badge = element('span', 'badge')
  const name = element('span', 'endpoint')
  const about = element('span', 'about')
  const figures = element('span', 'counts')
  const answer = element('p', 'answer')
  const body = element('div', 'attempts')
  const summary = element('summary', '', '', badge, element('span', 'words', '', name, about), figures)
  const details = element('details', '', '', summary, body)
  const attempts = openAttempts(body, id)
  details.addEventListener('toggle', () => details.open && void attempts.read())
  const item = element('li', 'subscription', '', details, answer)
  let seen
  return {
    item,
    show: ({ topic, protocol, endpoint, state, quietUntil, counts, waiting, last }, time) => {
      item.dataset.state = state
      badge.dataset.state = BADGES[state]
      setText(badge, WORDS[state])
      setText(name, endpoint)
      const quiet = quietUntil === null ? [] : [`quiet until ${clock.format(quietUntil)}`]
      const when = last === null ? [] : [`last attempt ${ago(Math.max(0, time - last.at))}`]
      setText(about, [topic, protocol, ...when, ...quiet].join(' · '))
      setText(figures, countsOf(counts, waiting))
      answer.hidden = state !== 'failing'
      setText(answer, last === null ? '' : `${last.status}${last.answer ? `: ${last.answer}` : ''}`)
      if (details.open && last !== null && last.at !== seen) void attempts.read()
      seen = last?.at
    },
  }
}

function countsOf(counts, waiting) {
  if (counts === null) return 'nothing lately'
  const { delivered, failed, dead, held } = counts
  const parts = [`${count(delivered)} delivered`]
  if (failed > 0) parts.push(`${count(failed)} failed`)
  if (waiting > 0) parts.push(`${count(waiting)} waiting`)
  if (dead > 0) parts.push(`${count(dead)} given up`)
  if (held > 0) parts.push(`${count(held)} held`)
  return parts.join(', ')
}
