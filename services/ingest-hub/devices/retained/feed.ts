/** The retained messages for new subscriptions, found as the client takes them. */
import type { DeviceSubscription } from '@weir/contracts'
import { FilterTree } from '@weir/iot-sql'
import type { StoredMessage } from '../sessions/messages.ts'
import type { Subscribed } from '../sessions/table.ts'
import type { RetainedStore } from './store.ts'

/** A message for the subscriptions that match it; undefined if other work of the process has its turn. */
export type Fed = { readonly message: StoredMessage; readonly by: readonly Subscribed[] } | undefined

/** Topics that are looked at in one turn. */
const TOPICS_A_TURN = 500

/** @param subscriptions none of them is shared */
export function* feedOf(
  store: RetainedStore,
  subscriptions: readonly DeviceSubscription[],
  clientId: string,
): Generator<Fed, void> {
  const tree = new FilterTree<Subscribed>('mqtt')
  for (const subscription of subscriptions)
    tree.add(subscription.filter, { clientId, subscription, group: undefined })
  const isExact = subscriptions.every(({ filter }) => !/[+#]/.test(filter))
  const topics = isExact ? subscriptions.map(({ filter }) => filter) : store.topics()
  let looked = 0
  for (const topic of topics) {
    if (++looked % TOPICS_A_TURN === 0) yield undefined
    const by = tree.match(topic)
    const message = by.length > 0 ? store.get(topic) : undefined
    if (message !== undefined) yield { message, by }
  }
}
