/** The page: one snapshot a second goes to every panel, and the chosen product to those that show it. */
import { decisionsOf } from './decisions.js'
import { openChoice } from './kit/choice.js'
import { openEmpty } from './kit/empty.js'
import { openStages } from './kit/stages.js'
import { openStatus } from './kit/status.js'
import { openStream } from './kit/stream.js'
import { colours, openThemeButton } from './kit/theme.js'
import { openDecisions } from './panels/decisions.js'
import { openFigures } from './panels/figures.js'
import { openList } from './panels/list.js'
import { openProduct } from './panels/product.js'
import { openRails } from './panels/rails.js'
import { productToShow, shopOf } from './shop.js'

const STAGES = [
  { prefix: 'ingest-hub', name: 'Hub', does: 'takes clicks and purchases' },
  { prefix: 'enricher.sneaker-windows', name: 'Windows', does: 'counts them' },
  { prefix: 'enricher.sneaker-demand', name: 'Demand', does: 'sums up the hour' },
  { prefix: 'pricing.sneaker-demand', name: 'Table', does: 'has it for decisions' },
]
const NO_PRODUCTS =
  'The catalogue is empty. Pricing fills it when it starts; then simulated shoppers can look at the products.'
const NO_SHOPPERS = 'Nobody has looked at a product lately, so there is no demand that prices could follow.'

const main = document.querySelector('main')
let last
let shown = null
const choice = openChoice('product', () => last && draw())
const choose = (id) => choice.choose(id)
const status = openStatus(document)
const empty = openEmpty(document)
const figures = openFigures(document)
const list = openList(document, choose)
const product = openProduct(document)
const decisions = openDecisions(document, choose)
const rails = openRails(document)
const pipeline = openStages(document.getElementById('stages'), STAGES)

/** Shows the chosen product. Without a choice, the product that was shown first stays. */
function draw() {
  const { shop, data, decided, time } = last
  const id = choice.id ?? shown
  const chosen = productToShow(shop.products, id)
  if (choice.id === null) shown = chosen?.productId ?? null
  product.show(chosen, data.counted, decided, time)
  list.show(shop.products, chosen?.productId)
  rails.show(data.rails, chosen)
}

openThemeButton(document.getElementById('theme'), () =>
  product.setColours(colours('good', 'rival', 'demand')),
)

openStream('live', {
  state: (state) => status.connection(state),
  snapshot: ({ time, data, trouble, stages }) => {
    status.trouble(trouble, time)
    pipeline.show(stages)
    if (!data) return
    last = { shop: shopOf(data, time), data, decided: decisionsOf(data), time }
    const isEmpty = data.products.length === 0
    const isQuiet = data.counted === null && data.products.every(({ market }) => market === null)
    main.classList.toggle('no-products', isEmpty)
    empty.show(isEmpty || isQuiet, isEmpty ? NO_PRODUCTS : NO_SHOPPERS)
    figures.show(last.shop, time)
    draw()
    decisions.show(last.decided, last.shop.products)
  },
})
