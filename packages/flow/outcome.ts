/**
 * The outcomes of a step for a record. The common outcome, "go on with this value", is the value itself: a
 * hot path that wrapped every value would allocate once per record and step.
 */

/**
 * The record goes no further in its flow. All such outcomes have this base class, so that one comparison
 * tells them from a value.
 */
export abstract class Ended {}

/** Leave the record out on purpose; counted by step and reason. */
export class Drop extends Ended {
  readonly reason: string
  constructor(reason: string) {
    super()
    this.reason = reason
  }
}

/** The record cannot be handled, ever: it goes to the flow's dead-letter topic with this cause. */
export class Dead extends Ended {
  readonly code: string
  readonly message: string
  constructor(code: string, message: string) {
    super()
    this.code = code
    this.message = message
  }
}

/** Send the original record, unchanged, to another topic and no further; counted by step and topic. */
export class Route extends Ended {
  readonly topic: string
  constructor(topic: string) {
    super()
    this.topic = topic
  }
}

export type Outcome<T> = T | Drop | Dead | Route

/** Outcomes that carry nothing from the record are created once, when the step is created. */
export const drop = (reason: string): Drop => new Drop(reason)
export const route = (topic: string): Route => new Route(topic)
export const dead = (code: string, message: string): Dead => new Dead(code, message)
