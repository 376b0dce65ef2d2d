/** The task of a partition without a broker: its bounds, and what it writes. */
import type { Incident, IncidentRequest, Notification } from '@weir/contracts'
import type { Appender, RecordBatch } from '@weir/kafka'
import type { TopicRecords } from '@weir/topics'
import { expect, test } from 'vitest'
import type { Topic } from '../notifications/entries.ts'
import { ALERTS, IncidentTask, REQUESTS } from './incident-task.ts'

const WEEK_MS = 7 * 86_400_000
const OUT = {} as Appender
const topicNamed = (name: string, attributes: Record<string, string> = {}): [string, Topic] => [
  name,
  { name, id: `id-of-${name}`, createdAt: 0, attributes, tags: {}, dataProtectionPolicy: null },
]

function alert(key: string, at: number, status = 'open'): Notification {
  const attribute = (name: string, text: string) => ({ name, type: 'String', text, bytes: null })
  return {
    messageId: `${key}-${at}`,
    topic: 'operations',
    topicId: 'id-of-operations',
    target: null,
    publishedAt: at,
    subject: null,
    message: 'Full',
    perProtocol: false,
    attributes: [attribute('weir.incident.key', key), attribute('weir.incident.status', status)],
    groupId: null,
    deduplicationId: null,
    subscription: null,
    traceHeader: null,
  }
}

async function open(stored: readonly (readonly [string, Incident])[] = []) {
  let values: readonly (readonly [string, unknown])[] = []
  const records = {
    prepare: () => undefined,
    each: (_: unknown, accept: (record: unknown) => void) => {
      for (const [key, value] of values) accept({ key, value })
    },
  }
  const states = new Map<string, Incident | null>()
  const told: Notification[] = []
  const steps = { steps: [{ afterSeconds: 60, topicArn: 'arn:aws:sns:us-east-1:000000000000:managers' }] }
  const topics = new Map([
    topicNamed('operations', { WeirEscalation: JSON.stringify(steps) }),
    topicNamed('managers'),
  ])
  const task = new IncidentTask({
    partition: 0,
    alerts: records as unknown as TopicRecords<Notification>,
    requests: records as unknown as TopicRecords<IncidentRequest>,
    states: {
      of: async () => new Map(stored),
      append: (_, key, value) => void states.set(key, value),
    },
    topics,
    catchUp: async () => {},
    notify: (_, notification) => told.push(notification),
    publicUrl: 'http://localhost:8083',
  })
  await task.begin([], new AbortController().signal)
  const process = async (topic: string, all: readonly (readonly [string, unknown])[]): Promise<void> => {
    values = all
    await task.process({ topic } as RecordBatch, OUT)
  }
  return {
    task,
    states,
    told,
    topics,
    alerts: (...all: Notification[]) =>
      process(
        ALERTS,
        all.map((one) => ['', one]),
      ),
    request: (key: string, request: IncidentRequest) => process(REQUESTS, [[key, request]]),
    events: () =>
      told.map(({ topic, message }) => `${topic} ${JSON.parse(JSON.parse(message).default).event}`),
  }
}

test('an escalation is told once, and its heir goes on from the stored state', async () => {
  const first = await open()
  await first.alerts(alert('disk', 1000), alert('disk', 2000))
  first.task.tick(60_000, OUT)
  expect(first.events()).toEqual(['operations opened'])
  const heir = await open([...first.states].map(([key, value]) => [key, value!] as const))
  heir.task.tick(61_000, OUT)
  heir.task.tick(62_000, OUT)
  expect(heir.events()).toEqual(['managers escalated'])
  await heir.alerts(alert('disk', 63_000, 'resolved'))
  expect(heir.events().slice(1)).toEqual(['operations resolved', 'managers resolved'])
})

test('a request about an earlier incident with the key changes nothing', async () => {
  const { alerts, request, states } = await open()
  await alerts(alert('disk', 1000))
  const { id } = states.get('operations/disk')!
  const asked = { action: 'acknowledge', by: 'operator', at: 2000 } as const
  await request('operations/disk', { ...asked, incident: 'another' })
  expect(states.get('operations/disk')!.status).toBe('open')
  await request('operations/disk', { ...asked, incident: id })
  expect(states.get('operations/disk')!.status).toBe('acknowledged')
})

test('alerts above the bound are delivered as they are', async () => {
  const { alerts, told, states } = await open()
  await alerts(...Array.from({ length: 2001 }, (_, i) => alert(`host-${i}`, i)))
  expect(states.size).toBe(2000)
  expect(told).toHaveLength(2001)
  expect(told.at(-1)).toMatchObject({ message: 'Full', perProtocol: false })
  await alerts(alert('host-0', 5000, 'resolved'), alert('host-2000', 6000))
  expect(states.size).toBe(2001)
})

test('resolved incidents are forgotten after a week, and those of deleted topics at once', async () => {
  const { task, alerts, states, topics } = await open()
  await alerts(alert('old', 1000), alert('old', 2000, 'resolved'), alert('new', 3000))
  task.tick(2000 + WEEK_MS, OUT)
  expect(states.get('operations/old')!.status).toBe('resolved')
  task.tick(2000 + WEEK_MS + 60_001, OUT)
  expect(states.get('operations/old')).toBeNull()
  expect(states.get('operations/new')).not.toBeNull()
  topics.delete('operations')
  await alerts(alert('late', 4000))
  task.tick(2000 + WEEK_MS + 130_000, OUT)
  expect([states.get('operations/new'), states.has('operations/late')]).toEqual([null, false])
})
