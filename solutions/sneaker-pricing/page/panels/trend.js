/** The button that makes a product of the simulated shop wanted. */
import { setText } from '../kit/dom.js'
import { seconds } from '../kit/numbers.js'
import { showSentence } from '../kit/rows.js'
import { ask } from '../requests.js'
import { openWish } from '../wish.js'

const STRENGTH = 6
const MINUTES = 30
const OFFER = `Somebody famous wears a pair: within two minutes ${STRENGTH} times as many shoppers look at it, and most of them are willing to pay more. It is forgotten after ${MINUTES} minutes.`

export function openTrend(document) {
  const [switched, what, refusal] = ['trend', 'trend-what', 'trend-refusal'].map((id) =>
    document.getElementById(id),
  )
  const wish = openWish()
  let shown

  const draw = () => {
    const { product, time } = shown
    const isOn = wish.of(product.productId, product.trend !== null)
    setText(switched, isOn ? 'End the trend' : 'Start a trend')
    switched.dataset.on = String(isOn)
    setText(what, isOn ? onText(product.trend, time) : OFFER)
  }
  switched.addEventListener('click', async () => {
    const { product, time } = shown
    const id = product.productId
    const isOn = !wish.of(id, product.trend !== null)
    wish.make(id, isOn)
    draw()
    const path = `reference/sneaker-trends/${encodeURIComponent(id)}`
    const sentence = await ask(
      path,
      isOn ? { strength: STRENGTH, minutes: MINUTES, startedAt: time } : undefined,
    )
    if (sentence !== null) wish.forget()
    showSentence(refusal, sentence ?? '')
    draw()
  })
  return {
    show: (product, _counted, time) => {
      if (product.productId !== shown?.product.productId) showSentence(refusal, '')
      shown = { product, time }
      draw()
    },
  }
}

function onText(trend, time) {
  const left =
    trend === null || trend.endsAt === null ? '' : ` It is forgotten in ${seconds(trend.endsAt - time)}.`
  return `Somebody famous wears a pair: up to ${trend?.strength ?? STRENGTH} times as many shoppers look at it, and then fewer and fewer.${left}`
}
