/** Where the delivery of a source begins. */
import type { Admin } from '@weir/kafka'
import { beginGroup } from '@weir/topics/groups.ts'
import type { DeliveryStream } from './delivery-stream.ts'

/** Commits the offsets at which the delivery stream's source is read, unless the group has begun already. */
export async function beginDelivery(
  admin: Pick<Admin, 'lag' | 'setOffsets'>,
  groupId: string,
  { topic, startOffsets }: Pick<DeliveryStream, 'topic' | 'startOffsets'>,
): Promise<void> {
  if (startOffsets === undefined) return
  await beginGroup(admin, groupId, topic, async () =>
    startOffsets.map((offset, partition) => ({ partition, offset })),
  )
}
