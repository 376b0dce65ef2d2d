/* Generated from topics.ts and the .avsc files by `npm run generate`. Change those, then generate again. */

/** A shopper looks at the page of a product. */
export interface Click {
  /** The visit. A purchase of the same visit has the same one. */
  visitId: string
  /** The product. The key of the topic. */
  productId: string
  /** When, milliseconds since the epoch, UTC. */
  eventTime: number
  /** The price that the shopper saw. */
  priceCents: number
  /** The pairs that were in stock. */
  stock: number
}

/** A shopper buys a product. */
export interface Purchase {
  /** The visit in which the shopper had clicked on the product. */
  visitId: string
  /** The product. The key of the topic. */
  productId: string
  /** When, milliseconds since the epoch, UTC. */
  eventTime: number
  /** The price of a pair. */
  priceCents: number
  /** Pairs. */
  units: number
}

/** Sales since a simulation began. */
export interface Sales {
  /** Pairs. */
  units: number
  /** Revenue. */
  revenueCents: number
  /** The pairs that the same shoppers would have bought at list prices. */
  fixedUnits: number
  /** The revenue at list prices. */
  fixedRevenueCents: number
}

/** What the warehouse counts of a product, and what the competitor asks for it. */
export interface MarketReport {
  /** The product. The key of the topic. */
  productId: string
  /** When, milliseconds since the epoch, UTC. */
  eventTime: number
  /** Pairs that can be sold. */
  stock: number
  /** The competitor's price. */
  competitorCents: number
  /** When the stock is filled up, milliseconds since the epoch, UTC; null if that is not known. */
  nextDeliveryAt: number | null
  /** Only from a simulated shop, which has a twin with fixed prices. */
  sales: Sales | null
}

/** Means over past hours. */
export interface UsualSales {
  /** The hours in the means. */
  hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  weight: number
  /** Clicks an hour. */
  clicks: number
  /** Pairs sold an hour. */
  units: number
  /** The price. */
  priceCents: number
}

/** An item of the catalogue. The topic is compacted; the key is the product. */
export interface Product {
  /** The product. The key of the topic. */
  productId: string
  /** Its name, for people. */
  name: string
  /** The kind of sneaker. */
  category: string
  /** What a pair costs the shop. */
  costCents: number
  /** The manufacturer's price. */
  listPriceCents: number
  /** The price of a pair now. */
  priceCents: number
  /** When the price was last changed, milliseconds since the epoch, UTC. */
  priceChangedAt: number | null
  /** Who changed it: model, or the name of a person. */
  changedBy: string | null
  /** Why, in words. */
  reason: string | null
  /** Until then the price stays as a person has set it, milliseconds since the epoch, UTC. */
  heldUntil: number | null
  /** What was usual before the first click was counted; null if that is not known. */
  usual: UsualSales | null
}

/** Means over past hours. */
export interface UsualSalesBefore {
  /** The hours in the means. */
  hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  weight: number
  /** Clicks an hour. */
  clicks: number
  /** Pairs sold an hour. */
  units: number
  /** The price. */
  priceCents: number
}

/** A click or a purchase with what the catalogue says about the product. */
export interface Activity {
  /** The product. The key of the topic. */
  productId: string
  /** The visit. */
  visitId: string
  /** When, milliseconds since the epoch, UTC. */
  eventTime: number
  /** Pairs that were bought; 0 for a click. */
  units: number
  /** The price that the shopper saw. */
  priceCents: number
  /** The pairs that were in stock at a click. */
  stock: number | null
  /** The product's name. */
  name: string
  /** The manufacturer's price. */
  listPriceCents: number
  /** What a pair costs the shop. */
  costCents: number
  /** What was usual before the first click was counted; null if that is not known. */
  usual: UsualSalesBefore | null
}

/** Means over past hours. */
export interface UsualSalesOfWindow {
  /** The hours in the means. */
  hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  weight: number
  /** Clicks an hour. */
  clicks: number
  /** Pairs sold an hour. */
  units: number
  /** The price. */
  priceCents: number
}

/** The clicks and purchases of a product in a window of event time. */
export interface ProductWindow {
  /** The product. The key of the topic. */
  productId: string
  /** The beginning of the window, milliseconds since the epoch, UTC. */
  start: number
  /** Its length, milliseconds. */
  windowMs: number
  /** The number of this result of the window, from 1; the highest counts. */
  revision: number
  /** Clicks. */
  clicks: number
  /** Pairs sold. */
  units: number
  /** Revenue. */
  revenueCents: number
  /** The last price that a shopper saw; 0 if there was no click. */
  priceCents: number
  /** The pairs that were in stock at the last click. */
  stock: number | null
  /** What was usual before the first click was counted; null if that is not known. */
  usual: UsualSalesOfWindow | null
}

/** Means over past hours. */
export interface UsualSalesSoFar {
  /** The hours in the means. */
  hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  weight: number
  /** Clicks an hour. */
  clicks: number
  /** Pairs sold an hour. */
  units: number
  /** The price. */
  priceCents: number
}

export interface WindowSoFar {
  /** Clicks. */
  clicks: number
  /** Pairs sold. */
  units: number
  /** Revenue. */
  revenueCents: number
  /** The last price that a shopper saw; 0 if there was no click. */
  priceCents: number
  /** The pairs that were in stock at the last click. */
  stock: number | null
  /** What was usual before the first click was counted. */
  usual: UsualSalesSoFar | null
}

export interface OpenWindow {
  /** Its beginning, milliseconds since the epoch. */
  startMs: number
  /** Its end, milliseconds since the epoch. */
  endMs: number
  /** The results that it has had. */
  revision: number
  /** What its records have come to. */
  acc: WindowSoFar
}

/** The windows of a product that are not complete. The topic is compacted; the key is the product, and the empty key is the partition's own. */
export interface OpenWindows {
  /** The open windows, the earliest first. */
  windows: Array<OpenWindow>
  /** How far time has come in the partition, milliseconds since the epoch; only for the empty key. */
  watermarkMs: number | null
}

/** Means over past hours. */
export interface UsualDemand {
  /** The hours in the means. */
  hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  weight: number
  /** Clicks an hour. */
  clicks: number
  /** Pairs sold an hour. */
  units: number
  /** The price. */
  priceCents: number
}

/** The demand for a product at the end of a window. In the first hour, the clicks, pairs and revenue that are missing were as usual. */
export interface Demand {
  /** The product. The key of the topic. */
  productId: string
  /** The end of the window, milliseconds since the epoch, UTC. */
  at: number
  /** The length of the windows, milliseconds. */
  windowMs: number
  /** Clicks in the last hour. */
  clicks: number
  /** Clicks in the last quarter of an hour. */
  quarterClicks: number
  /** Pairs sold in the last hour. */
  units: number
  /** Revenue of the last hour. */
  revenueCents: number
  /** Clicks in the window. */
  windowClicks: number
  /** Pairs sold in the window. */
  windowUnits: number
  /** What is usual. */
  usual: UsualDemand
}

export interface RecentWindow {
  /** The beginning, milliseconds since the epoch. */
  startMs: number
  /** Clicks. */
  clicks: number
  /** Pairs sold. */
  units: number
  /** Revenue. */
  revenueCents: number
  /** The last price that a shopper saw; 0 if there was no click. */
  priceCents: number
  /** The pairs that were in stock at the last click. */
  stock: number | null
}

/** Means over past hours. */
export interface RememberedUsual {
  /** The hours in the means. */
  hours: number
  /** The sum of the weights of the hours. The newest hour weighs 1. */
  weight: number
  /** Clicks an hour. */
  clicks: number
  /** Pairs sold an hour. */
  units: number
  /** The price. */
  priceCents: number
}

export interface RememberedDemand {
  /** The product; empty before the first window. */
  productId: string
  /** The length of the windows, milliseconds. */
  windowMs: number
  /** The windows of the last hour, and of the hour of the clock before they are a part of what is usual; the earliest first. */
  recent: Array<RecentWindow>
  /** The beginning of the first window, milliseconds since the epoch. */
  sinceMs: number
  /** Hours until then are a part of what is usual, milliseconds since the epoch; 0: none. */
  countedUntilMs: number
  /** What is usual. */
  usual: RememberedUsual
}

export interface RunningDemand {
  /** 0: it has no beginning. */
  startMs: number
  /** The latest time that there is: it has no end. */
  endMs: number
  /** The results that it has had. */
  revision: number
  /** What the windows have come to. */
  acc: RememberedDemand
}

/** What is remembered of a product: its last hour, window by window, and what is usual. The topic is compacted; the key is the product, and the empty key is the partition's own. */
export interface DemandSoFar {
  /** One entry. */
  windows: Array<RunningDemand>
  /** Not used. */
  watermarkMs: number | null
}

export type PriceDecisionKind = 'change' | 'keep'

/** What a price promises until the horizon. */
export interface PriceOutlook {
  /** The price. */
  priceCents: number
  /** The prediction for the next hour, pairs. */
  unitsNextHour: number
  /** Pairs that would be sold until the horizon if the stock had no end. */
  demand: number
  /** Pairs that are expected to be sold until the horizon. */
  units: number
  /** The revenue of these. */
  revenueCents: number
}

/** A decision about the price of a product, also one to keep it. A change is made if the catalogue's price is still that of fromCents and priceChangedAt. */
export interface PriceDecision {
  /** The product. The key of the topic. */
  productId: string
  /** The time whose demand was decided upon, milliseconds since the epoch, UTC. */
  at: number
  /** What to do. */
  decision: PriceDecisionKind
  /** better-price: a change. best-price: no other one promises more. rails: rails allow no change. sold-out, too-new, no-prediction, bad-prediction: there was nothing to decide by. */
  reasonCode: string
  /** The reason, for people. */
  reason: string
  /** The price before. */
  fromCents: number
  /** The decided price; fromCents if it is kept. */
  toCents: number
  /** The price that would be chosen without rails; null without a usable prediction. */
  wantedCents: number | null
  /** The rails because of which the wanted price was not chosen: stopped, frozen, cool-down, changes-per-hour, confidence, floor, ceiling, step, price-points. */
  rails: Array<string>
  /** That the price is better than the one before, 0 to 1; null if none is wanted. */
  confidence: number | null
  /** Pairs in stock. */
  stock: number
  /** Hours until the next delivery, over which prices are compared; null without a usable prediction. */
  horizonHours: number | null
  /** Demand relative to what is usual at this hour; null without a usable prediction. */
  trend: number | null
  /** What the price before promises; null without a usable prediction. */
  outlookFrom: PriceOutlook | null
  /** What the price promises that one step leads to, also if other rails refuse it; null if none is wanted. */
  outlookTo: PriceOutlook | null
  /** The model's features at the decided price, by the names in ml/features.json; empty if the model was not asked. */
  features: Record<string, number>
  /** The endpoint that answered; null if none did. */
  modelName: string | null
  /** The variant of the endpoint that answered; null if none did. */
  modelVersion: string | null
  /** The last change of the price before this decision, milliseconds since the epoch, UTC; 0 if there was none. */
  priceChangedAt: number
}

/** A person sets a price. */
export interface PriceEdit {
  /** The product. The key of the topic. */
  productId: string
  /** When, milliseconds since the epoch, UTC. */
  eventTime: number
  /** The price. */
  priceCents: number
  /** For how long the price stays, milliseconds. */
  holdMs: number
  /** The person, or the name of an API key. */
  by: string
}

declare module '@weir/contracts/generated/types.ts' {
  /** Merged into the types of all topics. */
  interface ValueOf {
    'sneaker.clicks': Click
    'sneaker.purchases': Purchase
    'sneaker.market': MarketReport
    'sneaker.catalogue': Product
    'sneaker.activity': Activity
    'sneaker.activity.late': Activity
    'sneaker.windows': ProductWindow
    'sneaker.windows.open': OpenWindows
    'sneaker.windows.erasures': StateErasure
    'sneaker.demand': Demand
    'sneaker.demand.so-far': DemandSoFar
    'sneaker.demand.erasures': StateErasure
    'sneaker.decisions': PriceDecision
    'sneaker.edits': PriceEdit
    'sneaker.clicks.dead': DeadLetter
    'sneaker.purchases.dead': DeadLetter
    'sneaker.activity.dead': DeadLetter
    'sneaker.windows.dead': DeadLetter
    'sneaker.demand.dead': DeadLetter
    'sneaker.market.dead': DeadLetter
    'sneaker.decisions.dead': DeadLetter
    'sneaker.edits.dead': DeadLetter
  }
}
