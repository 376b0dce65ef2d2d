/** At least once: the offset is committed after the handler has settled. */
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { BatchHandler, RecordBatch, SubscribeOptions, Subscription } from '../../port.ts'
import type { Work } from './lane.ts'
import { startOffset } from './start-offset.ts'
import { GroupSubscription, type Workshop } from './subscription.ts'

export function consume(config: KafkaConfig, log: KafkaLog, options: SubscribeOptions, handler: BatchHandler): Subscription {
  return new GroupSubscription(config, log, options, (topic, partition, workshop) => work(topic, partition, workshop, options.startAt, handler))
}

function work(topic: string, partition: number, { cluster, commits, groupId }: Workshop, startAt: 'earliest' | 'latest', handler: BatchHandler): Work {
  return {
    async begin(after) {
      await commits.flush()
      const { offset, committed } = await startOffset(cluster, groupId, topic, partition, startAt, after)
      if (!committed && startAt === 'latest') commits.mark(topic, partition, offset)
      return offset
    },
    async process(batch: RecordBatch, signal: AbortSignal) {
      if (batch.length > 0) await handler(batch, signal)
      signal.throwIfAborted()
      commits.mark(topic, partition, batch.nextOffset)
    },
  }
}
