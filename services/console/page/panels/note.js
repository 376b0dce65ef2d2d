/** The sentence above a panel's list, if the list is old, cut or empty. */
import { setText } from '../kit/dom.js'

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })

/** @param reading { value, at, trouble } of a snapshot */
export function showNote(panel, note, { value, at, trouble }, { empty = '', more = '' } = {}) {
  const since = value === null || at === null ? '' : ` What you see is from ${clock.format(at)}.`
  const text = trouble ? `${trouble}${since}` : value === null ? 'Reading …' : empty || more
  note.hidden = text === ''
  note.dataset.kind = trouble ? 'trouble' : 'plain'
  setText(note, text)
  panel.classList.toggle('old', Boolean(trouble))
  panel.classList.toggle('bare', value === null || empty !== '')
}
