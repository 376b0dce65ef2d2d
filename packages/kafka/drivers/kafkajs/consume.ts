/** At least once: the offset is committed after the handler has settled, and what it left open is done. */
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { ConsumeHandler, RecordBatch, SubscribeOptions, Subscription } from '../../port.ts'
import { DoneInOrder } from '../done-in-order.ts'
import type { Work } from './lane.ts'
import { startOffset } from './start-offset.ts'
import { GroupSubscription, type Workshop } from './subscription.ts'

export function consume(config: KafkaConfig, log: KafkaLog, options: SubscribeOptions, handler: ConsumeHandler): Subscription {
  return new GroupSubscription(config, log, options, (topic, partition, workshop) => work(topic, partition, workshop, options.startAt, handler))
}

function work(topic: string, partition: number, { cluster, commits, groupId }: Workshop, startAt: 'earliest' | 'latest', handler: ConsumeHandler): Work {
  let open = new DoneInOrder()
  return {
    async begin(after) {
      open = new DoneInOrder()
      await commits.flush()
      const { offset, committed } = await startOffset(cluster, groupId, topic, partition, startAt, after)
      if (!committed && startAt === 'latest') commits.mark(topic, partition, offset)
      return offset
    },
    async process(batch: RecordBatch, signal: AbortSignal) {
      const ongoing = batch.length > 0 ? await handler(batch, signal) : undefined
      signal.throwIfAborted()
      const [here, { nextOffset }] = [open, batch]
      here.add(ongoing, () => {
        if (here === open && !signal.aborted) commits.mark(topic, partition, nextOffset)
      })
    },
    settled: () => open.settled(),
  }
}
