/** The rails of all products and of the chosen one, and the switch that stops all changes of prices. */
import { fillTable, setText } from '../kit/dom.js'
import { showSentence } from '../kit/rows.js'
import { isStopped, railsOf, stopEntry } from '../rails.js'
import { ask } from '../requests.js'
import { openWish } from '../wish.js'

const ALL = 'all'

export function openRails(document) {
  const [panel, note, table, own, stop, banner, refusal] = [
    'rails',
    'rails-note',
    'rails-table',
    'rails-own',
    'stop',
    'stopped',
    'stop-refusal',
  ].map((id) => document.getElementById(id))
  const wish = openWish()
  let rails = {}

  const draw = () => {
    const stopped = wish.of(ALL, isStopped(rails))
    setText(stop, stopped ? 'Let prices change again' : 'Stop all changes of prices')
    stop.dataset.stopped = String(stopped)
    banner.hidden = !stopped
  }
  stop.addEventListener('click', async () => {
    const stopped = !wish.of(ALL, isStopped(rails))
    wish.make(ALL, stopped)
    draw()
    const sentence = await ask(`reference/price-rails/${ALL}`, stopEntry(rails, stopped))
    if (sentence !== null) wish.forget()
    showSentence(refusal, sentence ?? '')
    draw()
  })
  return {
    /** @param next undefined while the solution has no rails */
    show: (next, product) => {
      panel.hidden = next === undefined
      if (next === undefined) return
      rails = next
      const rows = railsOf(rails, product?.productId)
      panel.classList.toggle('bare', rows.length === 0)
      showSentence(
        note,
        rows.length === 0 ? 'No rail is set: nothing holds a price back but the switch.' : '',
      )
      setText(own, product?.name ?? 'One product')
      fillTable(table, rows.map(cellsOf))
      draw()
    },
  }
}

const cellsOf = ([name, ofAll, ofOwn]) => [
  name,
  ofAll ?? '–',
  ofOwn === undefined ? { text: 'as all', className: 'soft' } : { text: ofOwn, className: 'warn' },
]
