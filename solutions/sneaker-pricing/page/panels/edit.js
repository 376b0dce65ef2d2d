/** A price that a person sets, and how long the system leaves it alone. */
import { setText } from '../kit/dom.js'
import { showSentence } from '../kit/rows.js'
import { ask } from '../requests.js'
import { dollars } from '../texts.js'

/** A price is in the catalogue within a second. */
const PATIENCE_MS = 10_000

export function openEdit(document) {
  const [form, price, hold, release, state, refusal] = [
    'edit',
    'edit-price',
    'edit-hold',
    'edit-release',
    'edit-state',
    'edit-refusal',
  ].map((id) => document.getElementById(id))
  let product
  let asked
  let isTyped = false

  const set = async (priceCents, holdMinutes) => {
    const { heldUntil, productId: id } = product
    isTyped = false
    asked = { id, priceCents, heldUntil, at: performance.now() }
    showSentence(refusal, '')
    draw()
    const sentence = await ask(`sneakers/${encodeURIComponent(id)}/price`, { priceCents, holdMinutes })
    if (sentence === null) return
    asked = undefined
    showSentence(refusal, sentence)
    draw()
  }
  const draw = () => {
    const { heldUntil, priceCents } = product
    if (!isTyped && document.activeElement !== price) price.value = (priceCents / 100).toFixed(2)
    release.hidden = heldUntil === null
    setText(state, stateText(asked))
  }
  price.addEventListener('input', () => {
    isTyped = true
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void set(Math.round(Number(price.value) * 100), Number(hold.value))
  })
  release.addEventListener('click', () => void set(product.priceCents, 0))
  return {
    show: (next) => {
      if (next.productId !== product?.productId) {
        isTyped = false
        asked = undefined
        showSentence(refusal, '')
      }
      product = next
      if (isThere(asked, product)) asked = undefined
      draw()
    },
  }
}

/** The catalogue has the price, and another hold than before. */
const isThere = (asked, { heldUntil, priceCents }) =>
  asked !== undefined && asked.priceCents === priceCents && asked.heldUntil !== heldUntil

function stateText(asked) {
  if (asked === undefined) return ''
  return performance.now() - asked.at < PATIENCE_MS
    ? `Setting the price to ${dollars(asked.priceCents)} …`
    : `The catalogue does not have the price of ${dollars(asked.priceCents)} yet: pricing may be away.`
}
