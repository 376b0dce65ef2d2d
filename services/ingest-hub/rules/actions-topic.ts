/** The topic of actions that leave Weir's own Kafka. */
import type { Codec, Writer } from '@weir/codec'
import type { RuleActions } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'

export const ACTIONS = 'weir.rules.actions'

export interface ActionsTopic {
  readonly writer: Writer<RuleActions>
  /** Actions have no order, so that they spread over the partitions. */
  nextPartition(): number
}

export async function openActionsTopic(kafka: Kafka, codec: Codec): Promise<ActionsTopic> {
  const [writer, partitions] = await Promise.all([codec.writer(ACTIONS), kafka.partitions(ACTIONS)])
  let turn = 0
  return { writer, nextPartition: () => turn++ % partitions }
}
