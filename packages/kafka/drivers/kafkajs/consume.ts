/**
 * At least once: an offset is committed after the handler has settled and the work that it left open is done.
 */
import type { KafkaConfig } from '../../config.ts'
import type { KafkaLog } from '../../log.ts'
import type { ConsumeHandler, RecordBatch, SubscribeOptions, Subscription } from '../../port.ts'
import { isForHandlers } from '../../unreadable.ts'
import { DoneInOrder } from '../done-in-order.ts'
import type { Work } from './lane.ts'
import { committedOffset } from './offsets.ts'
import { GroupSubscription, type Workshop } from './subscription.ts'

export function consume(
  config: KafkaConfig,
  log: KafkaLog,
  options: SubscribeOptions,
  handler: ConsumeHandler,
): Subscription {
  return new GroupSubscription(config, log, options, (...place) => work(...place, handler))
}

function work(topic: string, partition: number, workshop: Workshop, handler: ConsumeHandler): Work {
  const { cluster, commits, groupId, beginning } = workshop
  let open = new DoneInOrder()
  let topicId = ''
  return {
    async begin(before) {
      open = new DoneInOrder()
      await commits.flush()
      const found = await beginning(topic, partition, before, () =>
        committedOffset(cluster, groupId, topic, partition),
      )
      topicId = found.topicId
      if (found.commit) commits.mark({ topic, topicId, partition, offset: found.position })
      return found
    },
    async process(batch: RecordBatch, signal: AbortSignal) {
      const ongoing = isForHandlers(batch) ? await handler(batch, signal) : undefined
      signal.throwIfAborted()
      const [here, { nextOffset }] = [open, batch]
      here.add(ongoing, () => {
        if (here === open && !signal.aborted) commits.mark({ topic, topicId, partition, offset: nextOffset })
      })
    },
    settled: () => open.settled(),
  }
}
