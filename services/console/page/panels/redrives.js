/** Sending letters back, and how far it is. */
import { element, setText } from '../kit/dom.js'
import { count } from '../kit/numbers.js'

/** Resolves to a sentence if the letters are not sent back, else to null. */
export async function sendBack(selection) {
  try {
    const response = await fetch('dead-letters/redrive', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(selection),
    })
    return response.ok ? null : (await response.json()).error.message
  } catch {
    return 'The console does not answer, so it is unknown whether anything was sent; try again.'
  }
}

export function openRedrives(document) {
  const list = document.getElementById('redrives')
  const refusal = list.appendChild(element('li', 'refusal'))
  refusal.hidden = true
  const rows = new Map()

  return {
    /** Shows a sentence until the next attempt; null: none. */
    say: (sentence) => {
      refusal.hidden = sentence === null
      setText(refusal, sentence ?? '')
    },
    show: (all) => {
      for (const one of all) {
        if (!rows.has(one.id)) {
          const text = element('span')
          const bar = element('progress')
          rows.set(one.id, { text, bar, item: list.appendChild(element('li', '', '', text, bar)) })
        }
        const { item, text, bar } = rows.get(one.id)
        item.dataset.state = one.state
        bar.hidden = one.state !== 'counting' && one.state !== 'sending'
        if (one.due > 0) {
          bar.max = one.due
          bar.value = one.sent
        }
        setText(text, sentenceOf(one))
      }
      const ids = new Set(all.map(({ id }) => id))
      for (const [id, { item }] of rows) {
        if (ids.has(id)) continue
        item.remove()
        rows.delete(id)
      }
    },
  }
}

const letters = (many) => (many === 1 ? '1 letter' : `${count(many)} letters`)

function sentenceOf({ topic, state, due, sent, left, trouble }) {
  if (state === 'counting') return `${topic}: looking for the letters …`
  if (state === 'sending') return `${topic}: ${count(sent)} of ${letters(due)} sent back …`
  if (state === 'failed') return `${topic}: ${letters(sent)} sent back, then it failed: ${trouble}`
  const stay = Object.entries(left).filter(([, many]) => many > 0)
  const why = stay.map(([reason, many]) => `${count(many)} ${reason}`).join(', ')
  return `${topic}: ${letters(sent)} sent back.${why === '' ? '' : ` What stays: ${why}.`}`
}
