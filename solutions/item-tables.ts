/** Tables of items that a solution declares. Pricing keeps them, and DynamoDB's clients may use them like any other. */
import type { DeadLetterTopic, TopicName } from '@weir/contracts'

export interface ItemTableDefinition {
  /** The attribute by which items are found: a string. */
  readonly key: string
  /** Written once, while the table is empty. */
  readonly seed?: readonly PlainItem[]
  /**
   * A compacted topic with the newest state of each item, written in the transaction of its change. Its key is that of the
   * table, and its contract is that of the items: an item that does not fit is refused. Attributes that the contract
   * does not have stay in the table alone.
   */
  readonly rows?: TopicName
}

/** Values as JSON has them. */
export type PlainItem = Readonly<Record<string, unknown>>

/** Records of a topic that write items, each exactly once and in the order of their partition. */
export interface FillDefinition {
  /** Names the consumer group (pricing.NAME), the stage and its metrics. */
  readonly name: string
  readonly source: TopicName
  readonly deadLetter: DeadLetterTopic
  /** The name of a table of the solution. */
  readonly table: string
  /**
   * Returns what a record writes; undefined if it writes nothing. It has the source's shape. A record for which this
   * throws becomes a dead letter.
   */
  write(record: any): ItemWrite | undefined
}

export type ItemWrite =
  | { readonly put: PlainItem }
  /** DynamoDB's expressions, with plain values. A write whose condition is false changes nothing. */
  | {
      readonly key: string
      readonly update: string
      readonly condition?: string
      readonly names?: Readonly<Record<string, string>>
      readonly values?: PlainItem
    }

/**
 * Since when tables of solutions have their change streams, ms since the epoch. It is the same everywhere, so that a
 * mapping can name a stream before its table exists.
 */
export const ITEM_STREAMS_SINCE_MS = Date.UTC(2026, 0, 1)
