/** The services: which are ready, and what to do about the others. */
import { element, setText } from '../kit/dom.js'

const WORDS = { ready: 'Ready', 'not ready': 'Not ready', down: 'Down' }
const BADGES = { ready: 'good', 'not ready': 'behind', down: 'silent' }

export function openHealth(document) {
  const list = document.getElementById('services')
  const rows = new Map()

  const rowOf = (name, does) => {
    const badge = element('span', 'badge')
    const why = element('p', 'why')
    const remedy = element('p', 'remedy')
    const head = element('div', 'service-head', '', element('h3', '', name), badge)
    const item = element('li', 'service', '', head, element('p', 'does', does), why, remedy)
    list.append(item)
    return { item, badge, why, remedy }
  }

  return {
    show: ({ health }) => {
      for (const { name, does, url, state, reason, remedy } of health.value ?? []) {
        if (!rows.has(name)) rows.set(name, rowOf(name, does))
        const row = rows.get(name)
        row.item.dataset.state = state
        row.badge.dataset.state = BADGES[state]
        setText(row.badge, WORDS[state])
        row.why.hidden = row.remedy.hidden = remedy === null
        setText(row.why, reason === '' ? '' : `${url}: ${reason}.`)
        setText(row.remedy, remedy ?? '')
      }
    },
  }
}
