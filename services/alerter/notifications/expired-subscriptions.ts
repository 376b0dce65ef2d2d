/** Removes subscriptions unless they are confirmed or restored in time. */
import type { Logger, Resource } from '@weir/service'
import { reasonOf } from '@weir/service/probe.ts'
import type { Subscription } from './entries.ts'
import type { NotificationChange, Notifications } from './notifications.ts'

/** SNS developer guide, "Deleting an Amazon SNS topic and subscription": 48 hours. */
const PENDING_MS = 2 * 86_400_000
const LOOK_MS = 10 * 60_000
/** Subscriptions that one transaction removes. The next look removes others. */
const MAX_REMOVED = 1000

/** Returns whether the receiver can still confirm the subscription, or restore it. */
export function isPending({ createdAt, tokenAt, endedAt }: PendingTimes, now = Date.now()): boolean {
  return now < (endedAt ?? tokenAt ?? createdAt) + PENDING_MS
}

type PendingTimes = Pick<Subscription, 'createdAt' | 'tokenAt' | 'endedAt'>

export function removeExpired(notifications: Notifications, log: Logger, lookMs = LOOK_MS): Resource<void> {
  let removing = Promise.resolve()
  const look = async (): Promise<void> => {
    if (expiredIn(notifications).length === 0) return
    try {
      // Another replica may have removed or confirmed some of them meanwhile.
      await notifications.change(() => expiredIn(notifications).map(removed))
    } catch (error) {
      log.warn({ reason: reasonOf(error as Error) }, 'expired subscriptions were not removed')
    }
  }
  const timer = setInterval(() => (removing = removing.then(look)), lookMs)
  return {
    value: undefined,
    async stop() {
      clearInterval(timer)
      await removing
    },
  }
}

function expiredIn({ subscriptions, ended }: Notifications): Subscription[] {
  const [now, found]: [number, Subscription[]] = [Date.now(), []]
  for (const all of [subscriptions, ended])
    for (const subscription of all.values())
      if (!subscription.confirmed && !isPending(subscription, now) && found.length < MAX_REMOVED)
        found.push(subscription)
  return found
}

const removed = ({ id }: Subscription): NotificationChange => ({ kind: 'subscription', id, value: undefined })
