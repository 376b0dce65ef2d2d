import type { Incident, Notification } from '@weir/contracts'
import { expect, test } from 'vitest'
import type { AlertAttributes } from './attributes.ts'
import { type Alert, acknowledged, alerted, escalated, resolved, titleOf } from './incident.ts'

const STEPS = [
  { afterSeconds: 60, topic: 'managers' },
  { afterSeconds: 300, topic: 'board' },
]

function alert(at: number, changes: Partial<AlertAttributes> = {}, message = 'Full\nat once'): Alert {
  const notification: Notification = {
    messageId: `message-${at}`,
    topic: 'operations',
    topicId: 'a',
    publishedAt: at,
    subject: null,
    message,
    perProtocol: false,
    attributes: [],
    groupId: null,
    deduplicationId: null,
    subscription: null,
    target: null,
    traceHeader: null,
  }
  return { key: 'disk', status: 'open', severity: 'error', ...changes, notification }
}

const opened = (): Incident => alerted(undefined, alert(1000), STEPS)!.incident

test('the first alert opens an incident, and says when it is escalated', () => {
  const { incident, event } = alerted(undefined, alert(1000), STEPS)!
  expect(event).toBe('opened')
  expect(incident).toMatchObject({
    status: 'open',
    title: 'Full',
    alerts: 1,
    openedAt: 1000,
    escalateAt: 61_000,
  })
  expect(incident.token).toMatch(/^[\w-]{43}$/)
  expect(alerted(undefined, alert(1000), [])!.incident.escalateAt).toBeNull()
})

test('repeated alerts are counted and told to nobody, unless they are worse or updates', () => {
  const again = alerted(opened(), alert(2000), STEPS)!
  expect([again.event, again.incident.alerts, again.incident.id]).toEqual([undefined, 2, expect.any(String)])
  expect(alerted(opened(), alert(2000, { severity: 'info' }), STEPS)!.event).toBeUndefined()
  expect(alerted(opened(), alert(2000, { severity: 'critical' }), STEPS)!.event).toBe('updated')
  const updated = alerted(opened(), alert(2000, { status: 'update' }, 'Nearly'), STEPS)!
  expect([updated.event, updated.incident.title, updated.incident.escalateAt]).toEqual([
    'updated',
    'Nearly',
    61_000,
  ])
})

test('a closing alert resolves it once, and the next alert opens another', () => {
  const first = opened()
  const closed = alerted(first, alert(2000, { status: 'resolved' }), STEPS)!
  expect(closed).toMatchObject({
    event: 'resolved',
    incident: { status: 'resolved', resolvedBy: 'an alert', escalateAt: null },
  })
  expect(alerted(closed.incident, alert(3000, { status: 'resolved' }), STEPS)).toBeUndefined()
  expect(alerted(undefined, alert(3000, { status: 'resolved' }), STEPS)).toBeUndefined()
  const next = alerted(closed.incident, alert(3000), STEPS)!
  expect(next).toMatchObject({
    event: 'opened',
    incident: { alerts: 1, escalatedTo: [], history: [{ what: 'opened' }] },
  })
  expect(next.incident.id).not.toBe(first.id)
})

test('an update without an incident opens one', () => {
  expect(alerted(undefined, alert(1, { status: 'update' }), [])!.event).toBe('opened')
})

test('an acknowledged incident is not escalated, and stays so when alerts repeat', () => {
  const { incident, event } = acknowledged(opened(), 'operator', 2000)!
  expect([event, incident.status, incident.acknowledgedBy, incident.escalateAt]).toEqual([
    undefined,
    'acknowledged',
    'operator',
    null,
  ])
  expect(acknowledged(incident, 'another', 3000)).toBeUndefined()
  expect(alerted(incident, alert(4000, { severity: 'critical' }), STEPS)!.incident).toMatchObject({
    status: 'acknowledged',
    escalateAt: null,
  })
  expect(resolved(incident, 'operator', 5000)).toMatchObject({
    event: 'resolved',
    incident: { resolvedBy: 'operator' },
  })
  expect(acknowledged(resolved(incident, 'operator', 5000)!.incident, 'late', 6000)).toBeUndefined()
  expect(resolved(resolved(incident, 'operator', 5000)!.incident, 'late', 6000)).toBeUndefined()
})

test('it is escalated step by step, and the last step ends it', () => {
  const first = escalated(opened(), STEPS, 61_000)
  expect(first).toMatchObject({
    event: 'escalated',
    incident: { escalatedTo: ['managers'], escalateAt: 361_000 },
  })
  const second = escalated(first.incident, STEPS, 361_000)
  expect(second.incident).toMatchObject({ escalatedTo: ['managers', 'board'], escalateAt: null })
  // The policy was shortened meanwhile.
  expect(escalated(first.incident, STEPS.slice(0, 1), 361_000)).toMatchObject({
    event: undefined,
    incident: { escalateAt: null },
  })
})

test('the history is bounded and keeps its beginning, and time does not go back', () => {
  let incident = opened()
  for (let i = 0; i < 100; i++) incident = alerted(incident, alert(2000 - i), STEPS)!.incident
  expect(incident.history).toHaveLength(20)
  expect(incident.history[0].what).toBe('opened')
  expect(incident.changedAt).toBe(2000)
})

test.each([
  [{ subject: 'A\tB', message: 'x' }, 'A B'],
  [{ subject: null, message: '\n  first\nsecond' }, 'first'],
  [{ subject: null, message: 'x'.repeat(500) }, `${'x'.repeat(99)}…`],
])('a title is one line: %#', (notification, title) => expect(titleOf(notification)).toBe(title))
