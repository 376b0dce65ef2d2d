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

/** The values of a sensor in a time. */
export interface Extent {
  /** The number of values. */
  count: number
  /** Their sum. */
  sum: number
  /** The lowest. */
  least: number
  /** The highest. */
  greatest: number
}

/** The temperatures of a truck in a minute of event time. */
export interface TruckMinute {
  /** The truck. The key of the topic. */
  truckId: string
  /** The beginning of the minute, milliseconds since the epoch, UTC. */
  minute: number
  /** The number of this result of the minute, from 1; the highest counts. */
  revision: number
  /** The class of the cargo in the last reading. */
  cargoClass: string
  /** The number of readings. */
  readings: number
  /** Degrees Celsius; null if the sensor had no value. */
  engine: Extent | null
  /** Degrees Celsius; null if the sensor had no value. */
  container: Extent | null
}

/** The values of a sensor in a time. */
export interface ExtentSoFar {
  /** The number of values. */
  count: number
  /** Their sum. */
  sum: number
  /** The lowest. */
  least: number
  /** The highest. */
  greatest: number
}

export interface MinuteSoFar {
  /** The class of the cargo in the last reading. */
  cargoClass: string
  /** The number of readings. */
  readings: number
  /** Degrees Celsius. */
  engine: ExtentSoFar | null
  /** Degrees Celsius. */
  container: ExtentSoFar | null
}

export interface OpenMinute {
  /** Its beginning, milliseconds since the epoch. */
  startMs: number
  /** Its end, milliseconds since the epoch. */
  endMs: number
  /** The results that it has had. */
  revision: number
  /** What its readings have come to. */
  acc: MinuteSoFar
}

/** The minutes of a truck that are not complete, changed in the transactions of its readings. The topic is compacted; the key is the truck, and the empty key is the partition's own. */
export interface OpenMinutes {
  /** The open minutes, the earliest first. */
  windows: Array<OpenMinute>
  /** How far time has come in the partition, milliseconds since the epoch; only for the empty key. */
  watermarkMs: number | null
}

declare module '@weir/contracts/generated/types.ts' {
  /** Merged into the types of all topics. */
  interface ValueOf {
    'fleet.readings': TruckReading
    'fleet.findings': Finding
    'fleet.detectors': DetectorStates
    'fleet.detectors.erasures': StateErasure
    'fleet.minutes': TruckMinute
    'fleet.minutes.open': OpenMinutes
    'fleet.minutes.erasures': StateErasure
    'fleet.readings.late': TruckReading
    'fleet.readings.uncounted': DeadLetter
    'fleet.minutes.dead': DeadLetter
    'fleet.readings.dead': DeadLetter
    'fleet.readings.unindexed': DeadLetter
    'fleet.findings.dead': DeadLetter
  }
}
