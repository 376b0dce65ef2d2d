import { Dead } from '@weir/flow'
import { expect, test } from 'vitest'
import { hydrate } from './activity.ts'
import type { Click, Product, Purchase } from './generated/types.ts'

const product = { productId: 'a', name: 'A', category: 'trail', costCents: 5000, listPriceCents: 9995 }
const rows = () =>
  new Map<string, Product>([
    [
      'a',
      {
        ...product,
        priceCents: 9995,
        priceChangedAt: null,
        changedBy: null,
        reason: null,
        heldUntil: null,
        usual: null,
      },
    ],
  ])
const click: Click = { visitId: 'v', productId: 'a', eventTime: 1000, priceCents: 9495, stock: 4 }
const purchase: Purchase = { visitId: 'v', productId: 'a', eventTime: 2000, priceCents: 9495, units: 2 }
const ofClick = hydrate({ rows }, ({ stock }: Click) => ({ units: 0, stock }))
const ofPurchase = hydrate({ rows }, ({ units }: Purchase) => ({ units, stock: null }))

test('activity has what the shopper saw and what the catalogue says', () => {
  expect(ofClick(click, 0, undefined)).toEqual({
    ...{ productId: 'a', visitId: 'v', eventTime: 1000, units: 0, priceCents: 9495, stock: 4 },
    ...{ name: 'A', listPriceCents: 9995, costCents: 5000, usual: null },
  })
  expect(ofPurchase(purchase, 0, undefined)).toMatchObject({ units: 2, stock: null })
})

test.each([
  [ofClick({ ...click, productId: 'x' }, 0, undefined), 'the catalogue does not have "x"'],
  [ofClick({ ...click, priceCents: -1 }, 0, undefined), 'priceCents is -1; it must be above 0'],
  [ofClick({ ...click, stock: -1 }, 0, undefined), 'stock is -1; it must be at least 0'],
  [ofPurchase({ ...purchase, units: 0 }, 0, undefined), 'units is 0; it must be from 1 to 100'],
  [ofPurchase({ ...purchase, units: 101 }, 0, undefined), 'units is 101; it must be from 1 to 100'],
])('an event that cannot be is a dead letter (%#)', (outcome, message) => {
  expect(outcome).toBeInstanceOf(Dead)
  expect((outcome as Dead).message).toBe(message)
})
