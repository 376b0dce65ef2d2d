/** Clicks and purchases, each with what the catalogue says about its product. */
import { dead, flow, type Source, step } from '@weir/flow'
import type { FlowDeps } from '../solution.ts'
import type { Activity, Click, Product, Purchase } from './generated/types.ts'

/** A purchase is of at most so many pairs: more is a mistake of its sender. */
const MAX_UNITS = 100

export const clicksFlow = (deps: FlowDeps) =>
  flow<number, Source>()
    .step(deps.once())
    .step(deps.decode)
    .step(hydrate(deps, (click: Click) => ({ units: 0, stock: click.stock })))
    .publish('sneaker.activity')

export const purchasesFlow = (deps: FlowDeps) =>
  flow<number, Source>()
    .step(deps.once())
    .step(deps.decode)
    .step(hydrate(deps, ({ units }: Purchase) => ({ units, stock: null })))
    .publish('sneaker.activity')

/** The catalogue is looked up as it is now; what it says of a product seldom changes, but for the price. */
export function hydrate<E extends Click | Purchase>(
  { rows }: Pick<FlowDeps, 'rows'>,
  countsOf: (event: E) => Pick<Activity, 'units' | 'stock'>,
) {
  const catalogue: ReadonlyMap<string, Product> = rows('sneaker.catalogue')
  return step('hydrate', (event: E) => {
    const { productId, visitId, eventTime, priceCents } = event
    const { units, stock } = countsOf(event)
    if (priceCents <= 0) return dead('invalid', `priceCents is ${priceCents}; it must be above 0`)
    if (units < 0 || units > MAX_UNITS || ('units' in event && units === 0))
      return dead('invalid', `units is ${units}; it must be from 1 to ${MAX_UNITS}`)
    if (stock !== null && stock < 0) return dead('invalid', `stock is ${stock}; it must be at least 0`)
    const product = catalogue.get(productId)
    if (product === undefined)
      return dead('unknown-product', `the catalogue does not have ${JSON.stringify(productId.slice(0, 100))}`)
    const { name, listPriceCents, costCents, usual } = product
    const known = { name, listPriceCents, costCents, usual }
    return { productId, visitId, eventTime, units, priceCents, stock, ...known } satisfies Activity
  })
}
