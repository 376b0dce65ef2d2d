/** Exactly once: output and offset in one transaction, one transactional id per group and input partition, whoever owns it. */
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { RecordBatch, SubscribeOptions, Subscription, TransformHandler } from '../../port.ts'
import { endLostTransactionOnce } from '../platformatic/transform/lost-markers.ts'
import type { Work } from './lane.ts'
import { stableOffset } from './offsets.ts'
import { startOffset } from './start-offset.ts'
import { GroupSubscription, type Workshop } from './subscription.ts'
import { Output, TransactionalProducer } from './transaction.ts'

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
      if (!committed && startAt === 'latest') await producer.commit(new Output(), groupId, topic, partition, offset)
      return offset
    },
    async process(batch: RecordBatch, signal: AbortSignal) {
      const output = new Output()
      if (batch.length > 0) await handler(batch, output, signal)
      signal.throwIfAborted()
      await producer.commit(output, groupId, topic, partition, batch.nextOffset)
    },
  }
}
