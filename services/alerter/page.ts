/** The data of the alerter's page: incidents, subscriptions with their health, topics. */
import type { DeliveryAttempt } from '@weir/contracts'
import type { LivePage } from '@weir/pages'
import type { Incidents } from './incidents/incidents.ts'
import { AllQuietHours } from './incidents/quiet-hours.ts'
import { INCIDENTS, shown } from './incidents/routes.ts'
import { isFifo, type Subscription, type Topic } from './notifications/entries.ts'
import type { Notifications } from './notifications/notifications.ts'
import { ATTEMPTS, type RecentAttempts, WINDOW_MS } from './recent/recent-attempts.ts'
import type { SubscriptionAttempts } from './recent/subscription-attempts.ts'

export interface AlertsPageOptions {
  readonly notifications: Notifications
  readonly incidents: Incidents
  readonly recent: RecentAttempts
}

/** The page has bounded lists; `weir alerts` and the API have all. */
const MAX_TOPICS = 200
const MAX_SUBSCRIPTIONS = 300
const MAX_UNRESOLVED = 100
const MAX_RESOLVED = 10
const MAX_TEXT_CHARACTERS = 2000

const quietHours = new AllQuietHours()

export function alertsPage({ notifications, incidents, recent }: AlertsPageOptions): LivePage {
  return {
    name: 'alerts',
    folder: new URL('page/', import.meta.url),
    libraries: {},
    topics: [ATTEMPTS, INCIDENTS],
    tables: {},
    stages: ['alerter.deliveries'],
    noData: 'The alerter cannot show its data: Kafka does not answer.',
    data: async () => {
      await recent.read()
      return {
        windowMs: WINDOW_MS,
        skipped: recent.skipped,
        totals: totalsOf(notifications, recent),
        topics: topicsOf(notifications),
        subscriptions: subscriptionsOf(notifications, recent),
        incidents: incidentsOf(incidents),
      }
    },
  }
}

function totalsOf({ topics, subscriptions }: Notifications, recent: RecentAttempts): object {
  let [failing, waiting] = [0, 0]
  for (const [id, attempts] of recent.all) {
    if (!subscriptions.has(id)) continue
    if (attempts.isFailing) failing++
    waiting += attempts.waiting
  }
  return { topics: topics.size, subscriptions: subscriptions.size, failing, waiting }
}

function topicsOf(notifications: Notifications): object[] {
  return notifications.topics
    .values()
    .take(MAX_TOPICS)
    .map((topic) => {
      let [confirmed, pending] = [0, 0]
      for (const subscription of notifications.subscriptionsOf(topic)) {
        if (subscription.confirmed) confirmed++
        else pending++
      }
      const { name, attributes } = topic
      return { name, fifo: isFifo(name), confirmed, pending, escalates: Boolean(attributes.WeirEscalation) }
    })
    .toArray()
}

/** Failing subscriptions come first, then those attempted last, then others while there is room. */
function subscriptionsOf({ topics, subscriptions }: Notifications, recent: RecentAttempts): object[] {
  const active = recent.all.filter(([id]) => subscriptions.has(id))
  const [failing, well] = [
    active.filter(([, { isFailing }]) => isFailing),
    active.filter(([, { isFailing }]) => !isFailing),
  ]
  const chosen = new Set([...failing, ...well].slice(0, MAX_SUBSCRIPTIONS).map(([id]) => id))
  for (const id of subscriptions.keys()) {
    if (chosen.size >= MAX_SUBSCRIPTIONS) break
    chosen.add(id)
  }
  return [...chosen].map((id) => rowOf(subscriptions.get(id)!, topics, recent.of(id)))
}

function rowOf(
  subscription: Subscription,
  topics: ReadonlyMap<string, Topic>,
  attempts: SubscriptionAttempts | undefined,
): object {
  const { id, topic, topicId, protocol, endpoint, confirmed } = subscription
  const last = attempts?.last
  return {
    id,
    topic,
    protocol,
    endpoint: withoutSecrets(endpoint),
    state: stateOf(confirmed && topics.get(topic)?.id === topicId, attempts),
    quietUntil: quietHours.until(subscription, undefined, Date.now()) ?? null,
    counts: attempts?.counts ?? null,
    waiting: attempts?.waiting ?? 0,
    last: last === undefined ? null : lastOf(last),
  }
}

function stateOf(isConfirmed: boolean, attempts: SubscriptionAttempts | undefined): string {
  if (!isConfirmed) return 'pending'
  if (attempts?.last === undefined) return 'idle'
  return attempts.isFailing ? 'failing' : 'well'
}

const lastOf = ({ startedAt, status, outcome, answer }: DeliveryAttempt): object => ({
  at: startedAt,
  status,
  outcome,
  answer,
})

/** Addresses of webhooks often have a password or a token. */
function withoutSecrets(endpoint: string): string {
  const url = URL.parse(endpoint)
  if (url === null || !url.protocol.startsWith('http')) return endpoint
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`
}

function incidentsOf(incidents: Incidents): object {
  const all = incidents.list()
  const unresolved = all.filter(({ status }) => status !== 'resolved')
  const resolved = all.filter(({ status }) => status === 'resolved').slice(0, MAX_RESOLVED)
  const cut = (text: string): string => text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed()
  return {
    unresolved: unresolved.length,
    rows: [...unresolved.slice(0, MAX_UNRESOLVED), ...resolved].map((incident) => ({
      ...shown(incident),
      message: cut(incident.message),
    })),
  }
}
