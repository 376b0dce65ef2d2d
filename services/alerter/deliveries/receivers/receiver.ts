/** The interface of a protocol of subscriptions. */
import type { ProtocolName } from '../../notifications/entries.ts'
import type { Answer, Delivery } from '../delivery.ts'
import type { RetryPolicy } from '../schedule.ts'

export interface Receiver {
  /** Makes one attempt. Never rejects: what goes wrong is an answer. */
  deliver(delivery: Delivery): Promise<Answer>
  terms(delivery: Delivery): Terms
}

export interface Terms {
  readonly policy: RetryPolicy
  /** The most attempts in a second; undefined: no limit. */
  readonly maxPerSecond: number | undefined
  /** Deliveries with the same name are for one server, which bounds them together. Undefined: the subscription's. */
  readonly lane?: string
}

export type Receivers = Readonly<Record<ProtocolName, Receiver>>
