/**
 * The incidents of a partition while it belongs to this replica. An incident's new state, what people are told of
 * it and the offset of its alert are one transaction, so each alert changes it once, also after a kill.
 */
import { randomUUID } from 'node:crypto'
import type { Incident, IncidentRequest, Notification } from '@weir/contracts'
import type { Appender, Position, RecordBatch, Task } from '@weir/kafka'
import type { TopicRecords } from '@weir/topics'
import type { Topic } from '../notifications/entries.ts'
import { alertIn, complaintAboutAlert } from './attributes.ts'
import { escalationOf } from './escalation.ts'
import {
  acknowledged,
  alerted,
  type Event,
  escalated,
  identityOf,
  resolved,
  type Transition,
} from './incident.ts'
import { notificationOf } from './texts.ts'

export const ALERTS = 'weir.incidents.alerts'
export const REQUESTS = 'weir.incidents.requests'

export interface IncidentTaskOptions {
  readonly partition: number
  readonly alerts: TopicRecords<Notification>
  readonly requests: TopicRecords<IncidentRequest>
  readonly states: {
    of(partition: number, signal: AbortSignal): Promise<Map<string, Incident>>
    append(out: Appender, key: string, value: Incident | null): void
  }
  readonly topics: ReadonlyMap<string, Topic>
  /** Resolves when all topics that exist are known. */
  readonly catchUp: () => Promise<void>
  /** Writes a notification for the topic that it names. */
  readonly notify: (out: Appender, notification: Notification, key: string) => void
  readonly publicUrl: string
}

/** Open incidents of one partition. Above it, alerts are delivered as they are. */
const MAX_OPEN = 2000
/** Incidents of one partition, resolved ones included. */
const MAX_KEPT = 5000
const KEPT_MS = 7 * 86_400_000
const SWEEP_MS = 60_000

export class IncidentTask implements Task {
  readonly #options: IncidentTaskOptions
  /** Incidents by their keys; the one that changed last comes last. */
  #incidents = new Map<string, Incident>()
  #open = 0
  #sweepAt = 0

  constructor(options: IncidentTaskOptions) {
    this.#options = options
  }

  async begin(_positions: readonly Position[], signal: AbortSignal): Promise<void> {
    const { states, partition } = this.#options
    const found = [...(await states.of(partition, signal))]
    this.#incidents = new Map(found.sort(([, a], [, b]) => a.changedAt - b.changedAt))
    this.#open = found.filter(([, { status }]) => status !== 'resolved').length
  }

  async process(batch: RecordBatch, out: Appender): Promise<void> {
    const { alerts, requests } = this.#options
    if (batch.topic === ALERTS) {
      await alerts.prepare(batch)
      let isUnknown = false
      alerts.each(batch, ({ value }) => {
        isUnknown ||= value !== null && this.#topic(value) === undefined
      })
      // A topic may have been created by another replica just before.
      if (isUnknown) await this.#options.catchUp()
      alerts.each(batch, ({ value }) => value && this.#alert(value, out))
    } else {
      await requests.prepare(batch)
      requests.each(batch, ({ key, value }) => value && this.#request(key, value, out))
    }
  }

  tick(now: number, out: Appender): void {
    for (const incident of this.#incidents.values())
      if (incident.escalateAt !== null && incident.escalateAt <= now) this.#escalate(incident, now, out)
    if (now < this.#sweepAt) return
    this.#sweepAt = now + SWEEP_MS
    this.#sweep(now, out)
  }

  /** Throws for a record that the API would have refused: on a broker without logins anybody can write one. */
  #alert(notification: Notification, out: Appender): void {
    const { message, perProtocol, attributes } = notification
    const complaint = complaintAboutAlert(message, perProtocol, attributes)
    if (complaint !== undefined) throw new Error(complaint)
    const topic = this.#topic(notification)
    const alert = alertIn(attributes)
    if (topic === undefined || alert === undefined) return
    const identity = identityOf({ topic: topic.name, key: alert.key })
    const before = this.#incidents.get(identity)
    const isNew = before === undefined || before.status === 'resolved'
    if (isNew && alert.status !== 'resolved' && this.#open >= MAX_OPEN)
      return this.#options.notify(out, notification, identity)
    const current = before?.topicId === topic.id ? before : undefined
    const transition = alerted(current, { ...alert, notification }, escalationOf(topic))
    if (transition !== undefined)
      this.#take(transition, out, { messageId: notification.messageId, at: notification.publishedAt })
  }

  #request(identity: string, { incident: id, action, by, at }: IncidentRequest, out: Appender): void {
    const before = this.#incidents.get(identity)
    if (before?.id !== id) return
    const transition = action === 'acknowledge' ? acknowledged(before, by, at) : resolved(before, by, at)
    if (transition !== undefined) this.#take(transition, out, { messageId: randomUUID(), at })
  }

  #escalate(before: Incident, now: number, out: Appender): void {
    const { incident } = escalated(before, escalationOf(this.#topic(before)), now)
    this.#keep(incident, out)
    const to = incident.escalatedTo.at(before.escalatedTo.length)
    if (to !== undefined) this.#tell(incident, 'escalated', to, out, { messageId: randomUUID(), at: now })
  }

  /** Tells the topic of the incident, and those that it was escalated to. */
  #take({ incident, event }: Transition, out: Appender, message: { messageId: string; at: number }): void {
    this.#keep(incident, out)
    if (event === undefined) return
    this.#tell(incident, event, incident.topic, out, message)
    for (const name of new Set(incident.escalatedTo))
      if (name !== incident.topic)
        this.#tell(incident, event, name, out, { ...message, messageId: randomUUID() })
  }

  #tell(
    incident: Incident,
    event: Event,
    name: string,
    out: Appender,
    { messageId, at }: { messageId: string; at: number },
  ): void {
    const { topics, publicUrl, notify } = this.#options
    const topic = topics.get(name)
    if (topic === undefined) return
    notify(out, notificationOf(incident, event, topic, { messageId, at, publicUrl }), identityOf(incident))
  }

  #keep(incident: Incident, out: Appender): void {
    const identity = identityOf(incident)
    const before = this.#incidents.get(identity)
    this.#open += openings(incident) - openings(before)
    this.#incidents.delete(identity)
    this.#incidents.set(identity, incident)
    this.#options.states.append(out, identity, incident)
  }

  /** Forgets resolved incidents after a week, and those of topics that are gone. */
  #sweep(now: number, out: Appender): void {
    let excess = this.#incidents.size - MAX_KEPT
    for (const [identity, incident] of this.#incidents) {
      const isResolved = incident.status === 'resolved'
      const isOld = isResolved && (incident.changedAt < now - KEPT_MS || excess > 0)
      if (!isOld && this.#topic(incident) !== undefined) continue
      this.#incidents.delete(identity)
      this.#open -= openings(incident)
      this.#options.states.append(out, identity, null)
      excess--
    }
  }

  /** Returns the topic, unless it was deleted. */
  #topic({ topic, topicId }: Pick<Incident, 'topic' | 'topicId'>): Topic | undefined {
    const found = this.#options.topics.get(topic)
    return found?.id === topicId ? found : undefined
  }
}

const openings = (incident: Incident | undefined): 0 | 1 =>
  incident === undefined || incident.status === 'resolved' ? 0 : 1
