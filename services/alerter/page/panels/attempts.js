/** The last attempts of one subscription, read when it is opened and when there are more. */
import { ATTEMPT_HEADS, attemptCells } from '../kit/deliveries.js'
import { element, fillTable, setText } from '../kit/dom.js'

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })
const HEADS = ['At', ...ATTEMPT_HEADS, 'Message', 'Next']

export function openAttempts(body, subscription) {
  const note = element('p', 'note-line')
  const head = element(
    'tr',
    '',
    '',
    ...HEADS.map((text) => Object.assign(element('th', '', text), { scope: 'col' })),
  )
  const table = element(
    'table',
    '',
    '',
    element('caption', 'unseen', 'Attempts, newest first'),
    element('thead', '', '', head),
    element('tbody'),
  )
  const rows = element('div', 'rows', '', table)
  rows.tabIndex = 0
  rows.setAttribute('role', 'region')
  rows.setAttribute('aria-label', 'Attempts')
  body.append(note, rows)
  let asked = 0
  return {
    read: async () => {
      const turn = ++asked
      const { deliveries, trouble } = await newest(subscription)
      if (turn !== asked) return
      const text = trouble ?? (deliveries.length === 0 ? 'There was no attempt in the last 15 minutes.' : '')
      note.hidden = text === ''
      rows.hidden = deliveries.length === 0
      setText(note, text)
      fillTable(table, deliveries.map(rowOf))
    },
  }
}

async function newest(subscription) {
  try {
    const response = await fetch(`../v1/deliveries?${new URLSearchParams({ subscription, limit: 20 })}`)
    const answer = await response.json()
    return response.ok ? answer : { deliveries: [], trouble: answer.error.message }
  } catch {
    return { deliveries: [], trouble: 'The alerter does not answer; try again.' }
  }
}

const rowOf = (attempt) => [
  clock.format(attempt.startedAt),
  ...attemptCells(attempt),
  attempt.messageId,
  attempt.dueAt === null ? '–' : clock.format(attempt.dueAt),
]
