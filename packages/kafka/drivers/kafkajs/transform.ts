/**
 * Exactly once: output and offset are committed in one transaction, under one transactional id per group and
 * input partition, whichever member owns the partition.
 */
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { RecordBatch, SubscribeOptions, Subscription, TransformHandler } from '../../port.ts'
import { isForHandlers } from '../../unreadable.ts'
import { endLostTransactionOnce } from '../platformatic/transform/lost-markers.ts'
import type { Committed } from '../topic-ids.ts'
import { inParts, TransactionOutput } from '../transaction-output.ts'
import type { Work } from './lane.ts'
import { committedOffset } from './offsets.ts'
import { GroupSubscription, type Workshop } from './subscription.ts'
import { TransactionalProducer } from './transaction.ts'

export function transform(
  config: KafkaConfig,
  log: KafkaLog,
  options: SubscribeOptions,
  handler: TransformHandler,
): Subscription {
  return new GroupSubscription(config, log, options, (...place) => work(...place, handler))
}

function work(topic: string, partition: number, workshop: Workshop, handler: TransformHandler): Work {
  const { cluster, groupId, beginning } = workshop
  const transactionalId = `${groupId}/${topic}/${partition}`
  const endLost = (): Promise<void> => endLostTransactionOnce(cluster.config, cluster.log, transactionalId)
  let producer: TransactionalProducer
  let topicId = ''

  /**
   * If the topic was recreated meanwhile, the output is still valid, but the offset means nothing any more.
   */
  const commit = async (output: TransactionOutput, offset: number): Promise<void> => {
    const input = cluster.isOther(topic, topicId) ? undefined : { groupId, topic, topicId, partition, offset }
    if (input !== undefined || output.partitions.length > 0) await producer.commit(output, input)
  }

  return {
    async begin(before) {
      producer = await TransactionalProducer.begin(cluster, transactionalId, partition)
      const committed = (): Promise<Committed> => committedOffset(cluster, groupId, topic, partition, endLost)
      const found = await beginning(topic, partition, before, committed)
      topicId = found.topicId
      if (found.commit) await commit(new TransactionOutput(), found.position)
      return found
    },
    process: (batch: RecordBatch, signal: AbortSignal) =>
      inParts(batch, async (part) => {
        const output = new TransactionOutput()
        try {
          if (isForHandlers(part)) await handler(part, output, signal)
          signal.throwIfAborted()
          await commit(output, part.nextOffset)
        } finally {
          output.release()
        }
      }),
  }
}
