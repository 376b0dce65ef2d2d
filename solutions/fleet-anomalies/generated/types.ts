/* Generated from topics.ts and the .avsc files by `npm run generate`. Change those, then generate again. */

export interface TruckPosition {
  /** Degrees north, -90 to 90. */
  lat: number
  /** Degrees east, -180 to 180. */
  lon: number
}

/** What the sensors of a truck measured at one time. */
export interface TruckReading {
  /** The truck, unique in the fleet. The key of the topic: one truck's readings stay in order. */
  truckId: string
  /** The class of the cargo, an id of the reference table cargo-classes. */
  cargoClass: string
  /** Where the truck is, WGS 84. */
  position: TruckPosition
  /** Kilometres per hour. */
  speed: number
  /** The load of the engine, 0 to 1. */
  load: number
  /** Degrees Celsius; null if the sensor has no value. */
  engineTemperature: number | null
  /** Degrees Celsius; null if the sensor has no value. */
  containerTemperature: number | null
  /** Degrees Celsius outside; null if the sensor has no value. */
  ambientTemperature: number | null
  /** When the truck measured, milliseconds since the epoch, UTC. */
  eventTime: number
}

declare module '@weir/contracts/generated/types.ts' {
  /** Merged into the types of all topics. */
  interface ValueOf {
    'fleet.readings': TruckReading
    'fleet.findings': Finding
    'fleet.detectors': DetectorStates
    'fleet.readings.dead': DeadLetter
    'fleet.readings.unindexed': DeadLetter
    'fleet.findings.dead': DeadLetter
  }
}
