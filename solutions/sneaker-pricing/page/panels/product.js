/** The chosen product: its price and why, its stock and market, its demand, a trend, and a price set by hand. */
import { element, setText } from '../kit/dom.js'
import { ago, seconds, whole } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'
import { besideList, dollars, pairs, roughly, signedPercent, when } from '../texts.js'
import { openDemand } from './demand.js'
import { openEdit } from './edit.js'
import { openTrend } from './trend.js'

const BY_MODEL = 'model'

export function openProduct(document) {
  const [title, badge, about, body, price, toList, held, why, facts] = [
    'product-title',
    'product-state',
    'product-about',
    'product-body',
    'price-now',
    'price-to-list',
    'price-held',
    'price-why',
    'product-facts',
  ].map((id) => document.getElementById(id))
  const parts = [openTrend(document), openDemand(document), openEdit(document)]
  const [, demand] = parts
  return {
    setColours: demand.setColours,
    /** @param product undefined if the chosen one is not in the catalogue */
    show: (product, counted, decisions, time) => {
      body.hidden = product === undefined
      badge.hidden = product === undefined
      setText(title, product?.name ?? 'No product')
      if (product === undefined) {
        setText(about, 'The catalogue does not have this product. Choose one in the list.')
        return
      }
      const beside = besideList(product.toList)
      badge.dataset.state = product.state.badge
      setText(badge, product.state.name)
      setText(
        about,
        `${product.productId} · ${product.category} · list price ${dollars(product.listPriceCents)}`,
      )
      setText(price, dollars(product.priceCents))
      toList.dataset.way = beside.sign
      setText(toList, `${beside.sign} ${beside.words}`.trim())
      showSentence(held, heldText(product, time))
      setText(why, whyText(product, decisions, time))
      showFacts(facts, factsOf(product, time))
      for (const part of parts) part.show(product, counted, time)
    },
  }
}

const heldText = ({ changedBy, heldUntil }, time) =>
  heldUntil === null
    ? ''
    : `Held until ${when(heldUntil, time)}, for ${seconds(heldUntil - time)}: set by ${changedBy ?? 'a person'}, and nothing else changes it.`

/** The latest decision says why the price is what it is, even if it kept the price. */
function whyText({ changedBy, priceChangedAt, productId, reason }, decisions, time) {
  const latest = decisions.find((decision) => decision.productId === productId)
  if (latest && latest.at >= (priceChangedAt ?? 0)) return `${latest.words} (${ago(time - latest.at)})`
  if (priceChangedAt === null) return 'The price has not been changed yet.'
  const changed = `Changed ${ago(time - priceChangedAt)}`
  return changedBy === BY_MODEL ? `${changed}. ${reason ?? ''}` : `${changed} by ${changedBy ?? 'a person'}.`
}

function factsOf({ costCents, coverMs, demand, market, priceCents, usual }, time) {
  const facts = [['Margin', `${Math.round((1 - costCents / priceCents) * 100)} %`]]
  if (market !== null) {
    const { competitorCents, nextDeliveryAt, stock } = market
    facts.push([
      'Competitor',
      `${dollars(competitorCents)} (we: ${signedPercent(priceCents / competitorCents - 1)})`,
    ])
    facts.push(['In stock', coverMs === null ? pairs(stock) : `${pairs(stock)}, for ${roughly(coverMs)}`])
    facts.push(['Next delivery', nextDeliveryAt === null ? 'not known' : when(nextDeliveryAt, time)])
  }
  if (demand !== null)
    facts.push(['Sold in an hour', `${pairs(demand.units)}, ${dollars(demand.revenueCents)}`])
  if (usual !== null)
    facts.push(['Usual in an hour', `${whole(usual.clicks)} clicks, ${pairs(Math.round(usual.units))}`])
  return facts
}

function showFacts(list, facts) {
  if (list.children.length !== facts.length)
    list.replaceChildren(...facts.map(() => element('div', '', '', element('dt'), element('dd'))))
  facts.forEach(([name, text], i) => {
    const [term, value] = list.children[i].children
    setText(term, name)
    setText(value, text)
  })
}
