/** The figures at the top. */
import { setText } from '../kit/dom.js'
import { count, seconds, whole } from '../kit/numbers.js'
import { changesOf, revenueOf, windowNow } from '../shop.js'
import { dollars, signedPercent, times } from '../texts.js'

export function openFigures(document) {
  const progress = document.getElementById('window-progress')
  const set = (id, text, note) => {
    setText(document.getElementById(`figure-${id}`), text)
    setText(document.getElementById(`figure-${id}-note`), note)
  }
  return {
    show: ({ products, pace }, time) => {
      set('revenue', ...revenueTexts(revenueOf(products)))
      const [above, below] = [1, -1].map((way) => products.filter(({ toList }) => toList * way > 0).length)
      set(
        'list',
        `▲ ${count(above)}  ▼ ${count(below)}`,
        `above and below list price, of ${count(products.length)}`,
      )
      const { byModel, byHand } = changesOf(products, time)
      set('changed', count(byModel + byHand), `in the last hour, ${count(byHand)} of them by hand`)
      set('pace', times(pace), pace === null ? 'nothing is counted yet' : 'the usual clicks, all products')
      const now = windowNow(products, time)
      set('window', now === null ? '–' : seconds(now.leftMs), windowText(now))
      progress.value = now === null ? 0 : 1 - now.leftMs / now.windowMs
    },
  }
}

function revenueTexts(revenue) {
  if (revenue === null) return ['–', 'only a simulated shop has a twin to compare']
  const { revenueCents, fixedCents } = revenue
  if (fixedCents === 0) return [dollars(revenueCents), 'the twin with fixed prices sold nothing yet']
  const gained = revenueCents - fixedCents
  return [
    `${gained > 0 ? '+' : ''}${dollars(gained)}`,
    `${signedPercent(gained / fixedCents)}: ${dollars(revenueCents)}, ${dollars(fixedCents)} at fixed prices`,
  ]
}

const windowText = (now) =>
  now === null
    ? 'no window is complete yet'
    : `until this window of ${whole(now.windowMs / 1000)} s is counted`
