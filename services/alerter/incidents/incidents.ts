/** All incidents, as this replica knows them, and requests about them. */
import type { Codec } from '@weir/codec'
import type { Incident, IncidentAction, Notification } from '@weir/contracts'
import { HEADERS } from '@weir/contracts'
import {
  type Appender,
  appendRecord,
  encodeValue,
  type Kafka,
  type Producer,
  partitionOfKey,
  writeRecord,
} from '@weir/kafka'
import { Gauge, type Logger, metrics, type Resource, watchGroup } from '@weir/service'
import { pause } from '@weir/timing'
import { openRecords } from '@weir/topics'
import type { Notifications } from '../notifications/notifications.ts'
import { complaintAboutAlert, SEVERITIES } from './attributes.ts'
import { identityOf } from './incident.ts'
import { ALERTS, IncidentTask, REQUESTS } from './incident-task.ts'
import { openStates } from './states.ts'

export interface Incidents {
  /** Incidents, the one that changed last first. */
  list(): Incident[]
  /** Returns the incident with the id, unless a later one has its key or it was forgotten. */
  get(id: string): Incident | undefined
  /** Resolves when all changes that were made before the call are known here. */
  catchUp(): Promise<void>
  /**
   * Resolves to the incident once it has changed, or after some seconds to the incident as it is. The request is
   * stored, and is carried out then as well. Rejects with a KafkaError if it is not known to be stored.
   */
  request(incident: Incident, action: IncidentAction, by: string): Promise<Incident>
  ready(): boolean
}

export interface IncidentsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  readonly notifications: Notifications
  /** Where people reach this service. */
  readonly publicUrl: string
  readonly log: Logger
}

const GROUP = 'alerter.incidents'
const STATES = 'weir.incidents'
const MESSAGES = 'weir.notifications'
const OPEN = 'weir_incidents_open'
const PATIENCE_MS = 5000
const LOOK_MS = 20
const DONE = { acknowledge: ['acknowledged', 'resolved'], resolve: ['resolved'] } as const

export async function openIncidents(options: IncidentsOptions): Promise<Resource<Incidents>> {
  const { kafka, codec, producer, notifications, publicUrl, log } = options
  const byId = new Map<string, Incident>()
  const changed = (before: Incident | undefined, after: Incident | undefined): void => {
    if (before !== undefined) byId.delete(before.id)
    if (after !== undefined) byId.set(after.id, after)
  }
  const [alerts, requests, requestWriter, notify, states] = await Promise.all([
    openRecords({ codec, topic: ALERTS, reader: 'incidents', log }),
    openRecords({ codec, topic: REQUESTS, reader: 'incidents', log }),
    codec.writer(REQUESTS),
    openNotify(kafka, codec),
    openStates({ kafka, codec, topic: STATES, log, check, changed }),
  ])
  const partitions = await kafka.partitions(REQUESTS)
  const { topics, catchUp } = notifications
  const subscription = await kafka.transform(
    { groupId: GROUP, topics: [ALERTS, REQUESTS], startAt: 'earliest' },
    (partition) =>
      new IncidentTask({ partition, alerts, requests, states, topics, catchUp, notify, publicUrl }),
  )
  const unwatch = watchGroup(subscription, kafka)
  const uncount = countOpen(states.all)

  return {
    value: {
      list: () => [...states.all.values()].sort((a, b) => b.changedAt - a.changedAt),
      get: (id) => byId.get(id),
      catchUp: () => states.catchUp(),
      async request(incident, action, by) {
        const key = identityOf(incident)
        const value = encodeValue(requestWriter, { incident: incident.id, action, by, at: Date.now() })
        const partition = partitionOfKey(key, partitions)
        await writeRecord(producer, { topic: REQUESTS, partition, key, value })
        const deadline = performance.now() + PATIENCE_MS
        for (;;) {
          const now = byId.get(incident.id) ?? incident
          const isDone = (DONE[action] as readonly string[]).includes(now.status)
          if (isDone || performance.now() > deadline) return now
          await pause(LOOK_MS)
        }
      },
      ready: () => subscription.ready() && states.ready(),
    },
    stop: async (drainMs) => {
      unwatch()
      uncount()
      await subscription.stop(drainMs)
      await states.stop()
    },
  }
}

/** Returns a function that writes notifications in transactions, those of a key in their order. */
export async function openNotify(
  kafka: Kafka,
  codec: Codec,
): Promise<(out: Appender, notification: Notification, key: string) => void> {
  const [writer, partitions] = await Promise.all([codec.writer(MESSAGES), kafka.partitions(MESSAGES)])
  return (out, notification, key) =>
    appendRecord(out, {
      topic: MESSAGES,
      partition: partitionOfKey(key, partitions),
      key: null,
      value: encodeValue(writer, notification),
      headers: { [HEADERS.id]: notification.messageId, [HEADERS.source]: 'incidents' },
    })
}

/** Throws if the record cannot be the incident of its key. */
function check(incident: Incident, key: string): void {
  if (identityOf(incident) !== key) throw new Error('The incident is stored under the key of another one.')
  const { history, escalatedTo, attributes, message } = incident
  if (
    complaintAboutAlert(message, false, attributes) !== undefined ||
    history.length > 100 ||
    escalatedTo.length > 100
  )
    throw new Error('The incident is larger than incidents are.')
  if (!/^[\w-]{43}$/.test(incident.token)) throw new Error('The token of the incident is not one of links.')
}

function countOpen(all: ReadonlyMap<string, Incident>): () => void {
  new Gauge({
    name: OPEN,
    help: 'Incidents that are not resolved, by their severity and whether somebody acknowledged them. Every replica shows all.',
    labelNames: ['severity', 'status'],
    registers: [metrics],
    collect() {
      this.reset()
      for (const severity of SEVERITIES)
        for (const status of ['open', 'acknowledged']) this.set({ severity, status }, 0)
      for (const { severity, status } of all.values())
        if (status !== 'resolved') this.inc({ severity, status })
    },
  })
  return () => metrics.removeSingleMetric(OPEN)
}
