/** The latest decisions in words, with the rails that acted. */
import { element, setText } from '../kit/dom.js'
import { at, count } from '../kit/numbers.js'
import { button, openRows, showSentence } from '../kit/rows.js'

/** @param choose called with the id of a product */
export function openDecisions(document, choose) {
  const [note, list, kept] = ['decisions-note', 'decision-list', 'decisions-kept'].map((id) =>
    document.getElementById(id),
  )
  const fill = openRows(
    list,
    ({ id }) => id,
    (decision) => rowOf(decision, choose),
  )
  let last
  const draw = () => {
    const { decisions, names } = last
    const shown = kept.checked ? decisions : decisions.filter(({ isChange }) => isChange)
    showSentence(note, noteOf(decisions, shown))
    fill(shown, names)
  }
  kept.addEventListener('change', () => last && draw())
  return {
    show: (decisions, products) => {
      last = { decisions, names: new Map(products.map(({ productId, name }) => [productId, name])) }
      draw()
    },
  }
}

function noteOf(decisions, shown) {
  if (decisions.length === 0)
    return 'No decision has been made yet. At the end of each window, the prices of products that were looked at are decided on.'
  const left = decisions.length - shown.length
  if (left === 0) return ''
  return `Of the last ${count(decisions.length)} decisions, ${count(left)} kept the price.`
}

function rowOf({ at: decidedAt, productId, verdict, acted, facts }, choose) {
  const badge = element('span', 'badge', verdict.name)
  badge.dataset.state = verdict.badge
  const name = button(productId, 'link', () => choose(productId))
  const marks = element('p', 'marks', '', badge, name, element('span', 'about', at(decidedAt)))
  const words = element('p')
  const rails = element('p', 'acted', '', ...acted.map((rail) => element('span', 'rail', rail)))
  rails.prepend(element('span', 'unseen', 'Rails that acted: '))
  rails.hidden = acted.length === 0
  const item = element('li', 'found', '', marks, words, rails, element('p', 'about', facts.join(' · ')))
  return {
    item,
    show: (decision, names) => {
      setText(name, names.get(productId) ?? productId)
      setText(words, decision.words)
      setText(item.lastElementChild, decision.facts.join(' · '))
    },
  }
}
