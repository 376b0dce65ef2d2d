/* Generated from topics.ts and the .avsc files by `npm run generate`. Change those, then generate again. */

export interface Place {
  /** Degrees north, -90 to 90. */
  lat: number
  /** Degrees east, -180 to 180. */
  lon: number
}

export interface BandwidthOption {
  /** As it is sold. */
  name: string
  /** Megabits a second to the user. */
  downMbps: number
  /** Megabits a second from the user. */
  upMbps: number
  /** A month, in the currency. */
  price: number
  /** ISO 4217. */
  currency: string
}

/** What a user can have where he or she signed up. */
export interface LocationOffers {
  /** The user. The key of the topic. */
  userId: string
  /** The signup that this answers. */
  signupId: string
  /** Where the user signed up, WGS 84. */
  position: Place
  /** The id of the nearest area that is served and reaches that far; null where none does. */
  area: string | null
  /** The area's name. */
  areaName: string | null
  /** From the middle of the area, kilometres. */
  distanceKm: number | null
  /** Empty where no area is served. */
  options: Array<BandwidthOption>
  /** When the user signed up, milliseconds since the epoch, UTC. */
  signedUpAt: number
  /** When the options were found, milliseconds since the epoch, UTC. */
  offeredAt: number
}

declare module '@weir/contracts/generated/types.ts' {
  /** Merged into the types of all topics. */
  interface ValueOf {
    'location.offers': LocationOffers
  }
}
