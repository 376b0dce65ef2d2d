/** Exactly once: output and offset in one transaction, one transactional id per group and input partition, whoever owns it. */
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { RecordBatch, SubscribeOptions, Subscription, TransformHandler } from '../../port.ts'
import { endLostTransactionOnce } from '../platformatic/transform/lost-markers.ts'
import { TransactionOutput, inParts } from '../transaction-output.ts'
import type { Work } from './lane.ts'
import { stableOffset } from './offsets.ts'
import { startOffset } from './start-offset.ts'
import { GroupSubscription, type Workshop } from './subscription.ts'
import { TransactionalProducer } from './transaction.ts'

export function transform(config: KafkaConfig, log: KafkaLog, options: SubscribeOptions, handler: TransformHandler): Subscription {
  return new GroupSubscription(config, log, options, (topic, partition, workshop) => work(topic, partition, workshop, options.startAt, handler))
}

function work(topic: string, partition: number, { cluster, groupId }: Workshop, startAt: 'earliest' | 'latest', handler: TransformHandler): Work {
  let producer: TransactionalProducer
  return {
    async begin(after) {
      const transactionalId = `${groupId}/${topic}/${partition}`
      producer = await TransactionalProducer.begin(cluster, transactionalId, partition)
      const { offset, committed } = await startOffset(cluster, groupId, topic, partition, startAt, after,
        () => stableOffset(cluster, groupId, topic, partition, () => endLostTransactionOnce(cluster.config, cluster.log, transactionalId)))
      if (!committed && startAt === 'latest') await producer.commit(new TransactionOutput(), { groupId, topic, partition, offset })
      return offset
    },
    process: (batch: RecordBatch, signal: AbortSignal) => inParts(batch, async (part) => {
      const output = new TransactionOutput()
      try {
        if (part.length > 0) await handler(part, output, signal)
        signal.throwIfAborted()
        await producer.commit(output, { groupId, topic, partition, offset: part.nextOffset })
      } finally {
        output.release()
      }
    }),
  }
}
