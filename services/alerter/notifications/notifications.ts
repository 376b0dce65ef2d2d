/** All topics of notifications and their subscriptions, as this replica knows them, and changes of them. */
import type { Codec } from '@weir/codec'
import { type Change, type ControlEntry, openControlLog, type Scope } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { type Certificate, checks, type Entries, type Subscription, type Topic } from './entries.ts'
import { Mobile } from './mobile.ts'

const TOPIC = 'weir.control.notifications'

export interface Notifications {
  readonly topics: ReadonlyMap<string, Topic>
  readonly subscriptions: ReadonlyMap<string, Subscription>
  /** Subscriptions that their receivers ended, and can restore. They are not among the others. */
  readonly ended: ReadonlyMap<string, Subscription>
  /** The certificates of all processes; the keys are their fingerprints. */
  readonly certificates: ReadonlyMap<string, Certificate>
  readonly mobile: Mobile
  /** The subscriptions of a topic. Those of an earlier topic with the name are not among them. */
  subscriptionsOf(topic: Topic): Iterable<Subscription>
  /** Returns the subscription of the topic with this protocol and endpoint. */
  subscribed(topic: Topic, protocol: string, endpoint: string): Subscription | undefined
  /**
   * Changes what `decide` returns, with no other decision in between. `decide` may run several times; its
   * errors are thrown here.
   * @param scope what `decide` looks at; decisions about different things are stored together
   */
  change(decide: () => readonly NotificationChange[], scope?: Scope): Promise<void>
  /** Resolves when everything that was decided before the call is known here. */
  catchUp(): Promise<void>
  ready(): boolean
}

/** A new state of a topic or a subscription; undefined removes it. */
export type NotificationChange = {
  readonly [K in keyof Entries]: {
    readonly kind: K
    readonly id: string
    readonly value: Entries[K] | undefined
  }
}[keyof Entries]

export interface NotificationsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export async function openNotifications({
  kafka,
  codec,
  log,
}: NotificationsOptions): Promise<Resource<Notifications>> {
  const topics = new Map<string, Topic>()
  const subscriptions = new Map<string, Subscription>()
  const certificates = new Map<string, Certificate>()
  const ended = new Map<string, Subscription>()
  const mobile = new Mobile()
  const byTopic = new Map<string, Map<string, Subscription>>()

  const applySubscription = (id: string, next: Subscription | undefined): void => {
    const before = subscriptions.get(id)
    if (before !== undefined) remove(byTopic, before)
    const isEnded = next?.endedAt !== undefined
    set(ended, id, isEnded ? next : undefined)
    if (next === undefined || isEnded) subscriptions.delete(id)
    else {
      subscriptions.set(id, next)
      const siblings = byTopic.get(next.topic) ?? new Map<string, Subscription>()
      byTopic.set(next.topic, siblings.set(endpointKey(next.protocol, next.endpoint), next))
    }
  }

  const apply = ({ kind, id, state }: ControlEntry): void => {
    if (mobile.apply({ kind, id, state })) return
    if (kind === 'subscription') applySubscription(id, state as Subscription | undefined)
    else set<unknown>(kind === 'topic' ? topics : certificates, id, state)
  }

  const control = await openControlLog({ kafka, codec, topic: TOPIC, checks, apply, log })
  return {
    value: {
      topics,
      subscriptions,
      ended,
      certificates,
      mobile,
      *subscriptionsOf(topic) {
        for (const found of byTopic.get(topic.name)?.values() ?? [])
          if (found.topicId === topic.id) yield found
      },
      subscribed(topic, protocol, endpoint) {
        const found = byTopic.get(topic.name)?.get(endpointKey(protocol, endpoint))
        return found?.topicId === topic.id ? found : undefined
      },
      change: (decide, scope) => control.write(decide as () => readonly Change[], scope),
      catchUp: () => control.catchUp(),
      ready: () => control.ready(),
    },
    stop: () => control.stop(),
  }
}

function set<V>(map: Map<string, V>, id: string, value: V | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}

const endpointKey = (protocol: string, endpoint: string): string => `${protocol} ${endpoint}`

function remove(byTopic: Map<string, Map<string, Subscription>>, gone: Subscription): void {
  const siblings = byTopic.get(gone.topic)
  const key = endpointKey(gone.protocol, gone.endpoint)
  if (siblings?.get(key)?.id === gone.id) siblings.delete(key)
  if (siblings?.size === 0) byTopic.delete(gone.topic)
}
