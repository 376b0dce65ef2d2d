/** The port to a system that sinks write to: the batcher's view of it. */
import type { Request } from './request.ts'
import type { Fault } from './settlement.ts'

export interface Destination {
  /** For people: opensearch. */
  readonly name: string
  /** Names the step in the dead letters of records that the destination refuses: index. */
  readonly step: string
  /** Makes the destination ready for records; repeated after every outage. */
  prepare(): Promise<void>
  /** Rejects if the destination does not answer. */
  probe(): Promise<void>
  /** Sends further requests over new connections; requests in flight end on their own ones. */
  reconnect(): void
  /**
   * Sends the request once. Resolves whatever the verdicts on single items are; rejects with a
   * DestinationError if the request as a whole failed.
   */
  send(request: Request<unknown>): Promise<Reply>
}

/** The verdicts on a request's items, by their place in the request. Valid until the request changes. */
export interface Reply {
  verdict(item: number): Verdict
  /** The reason why the item is refused, for its dead letter. */
  refusal(item: number): string
  /** The reason why the item is held. */
  fault(item: number): Fault
}

/**
 * created, duplicate: the destination has the record. overloaded: it asks for a lower load. refused: the
 * record is at fault, and will be refused again. held: something else is at fault, or the error is unknown;
 * the record counts as good until the destination says otherwise.
 */
export type Verdict = 'created' | 'duplicate' | 'overloaded' | 'refused' | 'held'
