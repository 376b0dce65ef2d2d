/* Generated from topics.ts and the .avsc files by `npm run generate`. Change those, then generate again. */

/** One reading of a sensor. */
export interface ExampleThingReceived {
  /** The sensor. The key of the topic: its readings stay in order. */
  sensorId: string
  /** What was measured, degrees Celsius. */
  value: number
  /** When it was measured, milliseconds since the epoch, UTC. */
  eventTime: number
}

/** A reading that passed the checks. */
export interface ExampleThingChecked {
  /** The sensor. The key of the topic. */
  sensorId: string
  /** What was measured, degrees Celsius. */
  value: number
  /** Whether the value is above the limit. */
  isHigh: boolean
  /** When it was measured, milliseconds since the epoch, UTC. */
  eventTime: number
}

declare module '@weir/contracts/generated/types.ts' {
  /** Merged into the types of all topics. */
  interface ValueOf {
    'example-thing.received': ExampleThingReceived
    'example-thing.checked': ExampleThingChecked
    'example-thing.received.dead': DeadLetter
    'example-thing.checked.dead': DeadLetter
  }
}
