/** The list of products, those that move first. */
import { element, setText } from '../kit/dom.js'
import { count } from '../kit/numbers.js'
import { button, openRows, showSentence } from '../kit/rows.js'
import { besideList, dollars, roughly, times } from '../texts.js'

/** @param choose called with the id of a product */
export function openList(document, choose) {
  const [body, search, note, panel] = ['list-body', 'list-search', 'list-note', 'products'].map((id) =>
    document.getElementById(id),
  )
  const fill = openRows(
    body,
    ({ productId }) => productId,
    (product) => rowOf(product, choose),
  )
  let last
  const draw = () => {
    const { products, chosen } = last
    const wanted = search.value.trim().toLowerCase()
    const found = products.filter(({ name }) => name.toLowerCase().includes(wanted))
    panel.classList.toggle('bare', found.length === 0)
    showSentence(note, noteOf(products, found, search.value.trim()))
    fill(found, chosen)
  }
  search.addEventListener('input', () => last && draw())
  return {
    /** @param products in the order of the list */
    show: (products, chosen) => {
      last = { products, chosen }
      draw()
    },
  }
}

function noteOf(products, found, wanted) {
  if (products.length === 0) return 'The catalogue is empty.'
  return found.length === 0 ? `No product has “${wanted}” in its name.` : ''
}

function rowOf({ productId, name }, choose) {
  const head = element(
    'th',
    '',
    '',
    button(name, 'link', () => choose(productId)),
  )
  head.scope = 'row'
  const badge = element('span', 'badge')
  const price = element('span')
  const [sign, words] = [element('span', 'to-list'), element('span', 'unseen')]
  sign.ariaHidden = 'true'
  const [clicks, stock, competitor] = Array.from({ length: 3 }, () => element('td'))
  const [pairs, cover] = [element('span'), element('span', 'cover')]
  stock.append(pairs, cover)
  const cells = [
    element('td', '', '', badge),
    element('td', 'price', '', price, sign, words),
    clicks,
    stock,
    competitor,
  ]
  const item = element('tr', '', '', head, ...cells)
  return {
    item,
    show: (product, chosen) => {
      const { coverMs, heldUntil, market, pace, priceCents, runsOut, state, toList } = product
      const beside = besideList(toList)
      item.setAttribute('aria-current', String(productId === chosen))
      if (badge.dataset.state !== state.badge) badge.dataset.state = state.badge
      setText(badge, state.short)
      setText(price, dollars(priceCents))
      setText(sign, `${beside.sign} ${beside.percent}`.trim())
      sign.dataset.way = beside.sign
      setText(words, `, ${beside.words}${heldUntil === null ? '' : ', held'}`)
      item.classList.toggle('held', heldUntil !== null)
      setText(clicks, times(pace))
      setText(pairs, market === null ? '–' : count(market.stock))
      setText(cover, coverMs === null ? '' : roughly(coverMs))
      stock.className = market?.stock === 0 ? 'bad' : runsOut ? 'warn' : ''
      setText(competitor, market === null ? '–' : dollars(market.competitorCents))
    },
  }
}
