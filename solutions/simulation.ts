/** What `weir simulate` plays for a solution. */
import type { TopicName } from '@weir/contracts'

/**
 * Simulated devices, for a system without real ones: run by `npm start`. Sends to ingest-hub as any client
 * does.
 */
export interface SimulatorDefinition {
  /** The destination of the values: a topic that accepts records over HTTP, a stream, or for each a topic (of MQTT, or one over HTTP). */
  readonly to:
    | { readonly topic: TopicName }
    | { readonly stream: string; key(value: any): string }
    | { mqtt(value: any): string }
    | { topicOf(value: any): TopicName }
  /**
   * Creates a world with `devices` devices; `next(now, controls)` returns the values due since the last call.
   * Deterministic for a seed and the controls.
   */
  world(options: { readonly devices: number; readonly seed: number }): {
    next(
      now: number,
      controls?: ReadonlyMap<string, unknown>,
      items?: ReadonlyMap<string, unknown>,
    ): Record<string, unknown>[]
  }
  /** The reference table by whose entries people control the devices: a fault that is switched on, for example. */
  readonly controls?: string
  /** The table of items that the world looks at: prices, for example. */
  readonly items?: string
}

/** A subscription of SNS, with an endpoint in the inbox. */
export interface SubscriptionDefinition {
  /** The name of the SNS topic, which is created if it does not exist. */
  readonly topic: string
  readonly protocol: 'email' | 'http'
  /** The mailbox or the HTTP subscriber of the inbox: letters, digits, dots and dashes. */
  readonly name: string
  /** A filter policy of SNS over the attributes of messages. */
  readonly filterPolicy?: Readonly<Record<string, unknown>>
}
