/** Segments of shoppers, and the probability that one of them buys at a price. */

export interface Segment {
  readonly share: number
  /** The share of visits that buy if the price does not matter. */
  readonly intent: number
  /** The median reservation price, relative to the product's worth. */
  readonly willing: number
  /** How much alike the reservation prices are: the exponent of their log-logistic distribution. */
  readonly alike: number
  /** By how much the price may exceed the competitor's until every second shopper buys there. */
  readonly loyalty: number
  /** How sharply the competitor's price divides shoppers, as `alike` does. */
  readonly compares: number
}

export const SEGMENTS: readonly Segment[] = [
  { share: 0.45, intent: 0.12, willing: 1.25, alike: 5, loyalty: 0.2, compares: 2.5 },
  { share: 0.35, intent: 0.14, willing: 1.6, alike: 4, loyalty: 0.4, compares: 1.5 },
  { share: 0.2, intent: 0.18, willing: 2.1, alike: 3, loyalty: 0.8, compares: 1 },
]

/** Shoppers compare a price with these. */
export interface Market {
  readonly worthCents: number
  readonly competitorCents: number
}

/** Returns the probability that a visit becomes a purchase. It falls with the price. */
export function purchaseChance(segment: Segment, priceCents: number, market: Market): number {
  const { intent, willing, alike, loyalty, compares } = segment
  const affords = 1 / (1 + (priceCents / (market.worthCents * willing)) ** alike)
  const stays = 1 / (1 + (priceCents / (market.competitorCents * (1 + loyalty))) ** compares)
  return intent * affords * stays
}

/** Returns the share of all visits that become purchases. */
export const shareOfBuyers = (priceCents: number, market: Market): number =>
  SEGMENTS.reduce((sum, segment) => sum + segment.share * purchaseChance(segment, priceCents, market), 0)

/** Returns the segment of a shopper, by a number from 0 to less than 1. */
export function segmentOf(draw: number): Segment {
  let left = draw
  return SEGMENTS.find(({ share }) => (left -= share) < 0) ?? SEGMENTS.at(-1)!
}
