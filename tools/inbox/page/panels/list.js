/** The list of messages, newest first. */
import { element, setText } from '../kit/dom.js'
import { count } from '../kit/numbers.js'
import { openRows } from '../kit/rows.js'

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })
const HOW = { 'e-mail': 'E-mail', HTTP: 'HTTP' }

export function openList(document) {
  const [about, note, examples, list, max] = [
    'messages-about',
    'messages-note',
    'examples',
    'message-list',
    'max',
  ].map((id) => document.getElementById(id))
  setText(
    examples,
    `npx weir alerts subscribe TOPIC me@inbox.localhost\nnpx weir alerts subscribe TOPIC ${location.origin}/subscribers/me`,
  )
  const rows = new Map()
  let chosen = ''
  const mark = (id, { firstChild: link }) => {
    if (id === chosen) link.setAttribute('aria-current', 'true')
    else link.removeAttribute('aria-current')
  }
  const show = openRows(
    list,
    ({ id }) => id,
    (message) => {
      const row = rowOf(message)
      rows.set(message.id, row.item)
      mark(message.id, row.item)
      return row
    },
  )
  return {
    choose: (id) => {
      chosen = id
      for (const [one, item] of rows) mark(one, item)
    },
    show: ({ messages, max: most }) => {
      document.body.classList.toggle('empty', messages.length === 0)
      note.hidden = messages.length > 0
      setText(about, messages.length === 0 ? '' : `${count(messages.length)}, newest first`)
      setText(max, count(most))
      show(messages)
      for (const [id, item] of rows) if (!item.isConnected) rows.delete(id)
    },
  }
}

function rowOf({ id, how, from, to, others, subject, beginning, receivedAt }) {
  const names = others > 0 ? `${to.join(', ')} and ${count(others)} more` : to.join(', ')
  const badge = element('span', 'badge', HOW[how])
  badge.dataset.how = how
  const link = element(
    'a',
    'message',
    '',
    element(
      'span',
      'marks',
      '',
      badge,
      element('span', 'to', names),
      element('time', '', clock.format(receivedAt)),
    ),
    element('span', 'subject', subject || 'No subject'),
    element('span', 'beginning', `${nameIn(from)}: ${beginning}`),
  )
  link.href = `#${id}`
  return { item: element('li', '', '', link), show: () => {} }
}

/** The name of a sender with an address, as in "Fleet team" <weir@inbox.localhost>. */
const nameIn = (from) => /^"(.+)" <.+>$/.exec(from)?.[1] ?? from
