/** Quiet hours: notifications that are held back, and one summary of them when the hours end. */
import type { Codec } from '@weir/codec'
import type { QuietSummary } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { type Logger, type Resource, watchGroup } from '@weir/service'
import { openRecords } from '@weir/topics'
import type { Notifications } from '../notifications/notifications.ts'
import { openNotify } from './incidents.ts'
import { AllQuietHours } from './quiet-hours.ts'
import { QuietTask } from './quiet-task.ts'
import { openStates } from './states.ts'

export const HELD = 'weir.notifications.held'

const GROUP = 'alerter.quiet-hours'
const STATES = 'weir.notifications.summaries'

export interface QuietOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly notifications: Notifications
  readonly log: Logger
}

export async function openQuietHours({
  kafka,
  codec,
  notifications,
  log,
}: QuietOptions): Promise<Resource<{ ready(): boolean }>> {
  const [held, notify, states] = await Promise.all([
    openRecords({ codec, topic: HELD, reader: 'quiet-hours', log }),
    openNotify(kafka, codec),
    openStates({ kafka, codec, topic: STATES, log, check }),
  ])
  const hours = new AllQuietHours()
  const { subscriptions } = notifications
  const subscription = await kafka.transform(
    { groupId: GROUP, topics: [HELD], startAt: 'earliest' },
    (partition) => new QuietTask({ partition, held, states, subscriptions, hours, notify }),
  )
  const unwatch = watchGroup(subscription, kafka)
  return {
    value: { ready: () => subscription.ready() && states.ready() },
    stop: async (drainMs) => {
      unwatch()
      await subscription.stop(drainMs)
      await states.stop()
    },
  }
}

function check({ subscription, first }: QuietSummary, key: string): void {
  if (subscription !== key) throw new Error('The summary is stored under the key of another subscription.')
  if (first.length > 100) throw new Error('The summary is larger than summaries are.')
}
