/** Items of the tables of demand, of the catalogue and of the market, as DynamoDB's event source and API give them. */
import type { CatalogueProduct, ProductCounts } from '../decision/candidates.ts'

/** An attribute value of DynamoDB. */
export interface Attribute {
  readonly S?: string | undefined
  readonly N?: string | undefined
  readonly M?: Item | undefined
}

export type Item = Readonly<Record<string, Attribute>>

export interface StreamRecord {
  readonly eventID: string
  readonly dynamodb: { readonly NewImage?: Item | undefined; readonly OldImage?: Item | undefined }
}

/** What a product's newest item of the table `demand` says. */
export interface Demand {
  readonly productId: string
  readonly counts: ProductCounts
}

/**
 * Returns the newest counts of each product in the records. Older ones are out of date, and of items that are removed
 * there is nothing to say. A product is decided upon once for each window: what comes late counts for the next one.
 * @param refused is told of each record that is not an item of the table, which a retry would not change
 */
export function newestDemands(
  records: readonly StreamRecord[],
  refused: (eventID: string, why: string) => void,
): Demand[] {
  const newest = new Map<string, Demand>()
  for (const { eventID, dynamodb } of records) {
    if (dynamodb.NewImage === undefined || isRevision(dynamodb)) continue
    try {
      const demand = demandOf(dynamodb.NewImage)
      const before = newest.get(demand.productId)
      if (before === undefined || before.counts.at <= demand.counts.at) newest.set(demand.productId, demand)
    } catch (error) {
      refused(eventID, (error as Error).message)
    }
  }
  return [...newest.values()]
}

/** Whether a late record has changed the counts of the same time. */
const isRevision = ({ NewImage, OldImage }: StreamRecord['dynamodb']): boolean =>
  OldImage?.at?.N !== undefined && OldImage.at.N === NewImage?.at?.N

function demandOf(item: Item): Demand {
  const usual = item.usual?.M
  if (usual === undefined) throw new RangeError('usual is missing.')
  return {
    productId: textAt(item, 'productId'),
    counts: {
      at: wholeAt(item, 'at'),
      clicks: wholeAt(item, 'clicks'),
      quarterClicks: wholeAt(item, 'quarterClicks'),
      units: wholeAt(item, 'units'),
      usual: {
        hours: numberAt(usual, 'hours'),
        weight: numberAt(usual, 'weight'),
        clicks: numberAt(usual, 'clicks'),
        units: numberAt(usual, 'units'),
        priceCents: numberAt(usual, 'priceCents'),
      },
    },
  }
}

/**
 * Throws a RangeError that names the attribute that is missing or cannot be. Without nextDeliveryAt, the delivery is not known.
 * @param item from the catalogue, with what the market says
 */
export const productOf = (item: Item): CatalogueProduct => ({
  productId: textAt(item, 'productId'),
  listPriceCents: wholeAt(item, 'listPriceCents'),
  costCents: wholeAt(item, 'costCents'),
  priceCents: wholeAt(item, 'priceCents'),
  competitorCents: wholeAt(item, 'competitorCents'),
  stock: wholeAt(item, 'stock'),
  nextDeliveryAt: item.nextDeliveryAt?.N === undefined ? null : wholeAt(item, 'nextDeliveryAt'),
  priceChangedAt: item.priceChangedAt?.N === undefined ? 0 : wholeAt(item, 'priceChangedAt'),
  heldUntil: item.heldUntil?.N === undefined ? 0 : wholeAt(item, 'heldUntil'),
})

function textAt(item: Item, name: string): string {
  const text = item[name]?.S
  if (text === undefined || text === '') throw new RangeError(`${name} is missing.`)
  return text
}

function wholeAt(item: Item, name: string): number {
  const value = numberAt(item, name)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} is ${value}; it must be a whole number.`)
  return value
}

function numberAt(item: Item, name: string): number {
  const value = Number(item[name]?.N ?? Number.NaN)
  if (!Number.isFinite(value)) throw new RangeError(`${name} is missing, or is not a number.`)
  return value
}
