/* Generated from topics.ts and the .avsc files by `npm run generate`. Change those, then generate again. */

export interface Position {
  /** Degrees north, -90 to 90. */
  lat: number
  /** Degrees east, -180 to 180. */
  lon: number
}

/** One report of a taxi's on-board device. About one a second while the engine runs. */
export interface TaxiTelemetry {
  /** The device, unique in the fleet. The key of the topic: one vehicle's reports stay in order. */
  deviceId: string
  /** The trip with passengers, null between trips. */
  tripId: string | null
  /** Where the vehicle is, WGS 84. */
  position: Position
  /** Kilometres per hour. */
  speed: number
  /** Degrees clockwise from north, 0 to 360. */
  heading: number | null
  /** Fuel in the tank, percent. Null for electric vehicles. */
  fuel: number | null
  /** State of charge of the battery, percent. Null where there is none. */
  charge: number | null
  /** Degrees Celsius. */
  engineTemperature: number | null
  /** True while passengers are aboard. */
  occupied: boolean
  /** When the device measured, milliseconds since the epoch, UTC. */
  eventTime: number
}

export type TaxiState = 'UNKNOWN' | 'OCCUPIED' | 'MOVING' | 'IDLE'

/** A taxi's report with what the stream knows of it. */
export interface TaxiEnriched {
  /** The device, unique in the fleet. The key of the topic. */
  deviceId: string
  /** The trip with passengers, null between trips. */
  tripId: string | null
  /** Where the vehicle is, WGS 84. */
  position: Position
  /** Kilometres per hour. */
  speed: number
  /** Degrees clockwise from north, 0 to 360. */
  heading: number | null
  /** Fuel in the tank, percent. */
  fuel: number | null
  /** State of charge of the battery, percent. */
  charge: number | null
  /** Degrees Celsius. */
  engineTemperature: number | null
  /** OCCUPIED with passengers, else MOVING from 3 km/h on, else IDLE. */
  state: TaxiState
  /** The id of the named zone that covers the position, else of the H3 cell (resolution 8). */
  zone: string
  /** The zone's name, null for an H3 cell. */
  zoneName: string | null
  /** When the device measured, milliseconds since the epoch, UTC. */
  eventTime: number
  /** When the broker stored the report, milliseconds since the epoch, UTC. */
  arrivalTime: number
}

declare module '@weir/contracts/generated/types.ts' {
  /** Merged into the types of all topics. */
  interface ValueOf {
    'taxi.telemetry': TaxiTelemetry
    'taxi.telemetry.late': TaxiTelemetry
    'taxi.enriched': TaxiEnriched
    'taxi.telemetry.dead': DeadLetter
    'taxi.enriched.dead': DeadLetter
  }
}
