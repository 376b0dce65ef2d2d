/** A message that a device publishes, or that is published for devices. */

export interface DeviceMessage {
  /** A valid name of a topic, without wildcards. */
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1
  /** The MQTT client id of the sender; undefined if it was published over HTTPS or by a rule. */
  readonly clientId: string | undefined
  /** The name of the key by which the sender was recognised, or the subject of its certificate. */
  readonly principal: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** The properties of MQTT 5 that are passed on to subscribers. */
  readonly properties: MessageProperties | undefined
  /** Whether it is kept for later subscriptions; one without a payload ends what is kept for its topic. */
  readonly retain?: boolean
  /** Set if a rule published it. */
  readonly lineage?: Lineage
}

/** How a message of a rule came about. */
export interface Lineage {
  /** The rules that have published it one after the other, at least 1. */
  readonly hops: number
  /** Counts the messages that rules have made of one message of a client, which share this object. */
  readonly made: { count: number }
}

export interface MessageProperties {
  readonly payloadFormatIndicator?: boolean
  readonly contentType?: string
  readonly responseTopic?: string
  readonly correlationData?: Buffer
  readonly messageExpiryInterval?: number
  readonly userProperties?: Readonly<Record<string, string | string[]>>
}

/** Takes messages. The MQTT and HTTPS doors publish to it, and so do rules. */
export interface DeviceMessages {
  /**
   * Resolves when everything that the messages lead to inside Weir is stored on all in-sync replicas. The
   * result has an entry for each message: undefined if it is stored, otherwise the reason why it is not.
   */
  publish(messages: readonly DeviceMessage[]): Promise<readonly (Error | undefined)[]>
}
