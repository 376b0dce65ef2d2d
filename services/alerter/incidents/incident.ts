/** The state machine of an incident. It has no clock, and does no input or output. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Incident, IncidentChange, Notification } from '@weir/contracts'
import { type AlertAttributes, SEVERITIES } from './attributes.ts'
import type { EscalationStep } from './escalation.ts'

export interface Alert extends AlertAttributes {
  readonly notification: Notification
}

/** The changes that people are told about. An alert that only repeats known facts is not one. */
export type Event = 'opened' | 'updated' | 'escalated' | 'resolved'

/** Undefined instead of an event: nobody is told. */
export interface Transition {
  readonly incident: Incident
  readonly event: Event | undefined
}

const MAX_HISTORY = 20
const MAX_TITLE_CHARACTERS = 100
/** 256 bits: nobody guesses a link. */
const TOKEN_BYTES = 32

/**
 * Returns the incident after an alert; undefined if there is nothing to resolve.
 * @param before the last incident with the key of the alert
 */
export function alerted(
  before: Incident | undefined,
  alert: Alert,
  steps: readonly EscalationStep[],
): Transition | undefined {
  const isOpen = before !== undefined && before.status !== 'resolved'
  if (!isOpen) return alert.status === 'resolved' ? undefined : opened(alert, steps)
  const { notification, status, severity } = alert
  const at = Math.max(before.changedAt, notification.publishedAt)
  const title = titleOf(notification)
  const incident: Incident = {
    ...before,
    title,
    message: notification.message,
    attributes: notification.attributes,
    severity,
    alerts: before.alerts + 1,
    changedAt: at,
  }
  if (status === 'resolved') return resolvedBy({ ...incident, severity: before.severity }, 'an alert', at)
  const isWorse = SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(before.severity)
  const isNews = status === 'update' || isWorse
  const history = noted(before, { at, what: isNews ? 'updated' : 'repeated', text: title })
  return { incident: { ...incident, history }, event: isNews ? 'updated' : undefined }
}

function opened({ notification, key, severity }: Alert, steps: readonly EscalationStep[]): Transition {
  const { topic, topicId, messageId, message, attributes, publishedAt } = notification
  const title = titleOf(notification)
  const incident: Incident = {
    id: randomUUID(),
    topic,
    topicId,
    key,
    status: 'open',
    severity,
    title,
    message,
    attributes,
    messageId,
    token: randomBytes(TOKEN_BYTES).toString('base64url'),
    openedAt: publishedAt,
    changedAt: publishedAt,
    alerts: 1,
    acknowledgedBy: null,
    resolvedBy: null,
    escalateAt: steps.length === 0 ? null : publishedAt + steps[0].afterSeconds * 1000,
    escalatedTo: [],
    history: [{ at: publishedAt, what: 'opened', text: title }],
  }
  return { incident, event: 'opened' }
}

/** Undefined: it is acknowledged or resolved already. */
export function acknowledged(before: Incident, by: string, at: number): Transition | undefined {
  if (before.status !== 'open') return undefined
  const changedAt = Math.max(before.changedAt, at)
  const history = noted(before, { at: changedAt, what: 'acknowledged', text: by })
  const incident = { ...before, status: 'acknowledged', acknowledgedBy: by, escalateAt: null } as const
  return { incident: { ...incident, changedAt, history }, event: undefined }
}

/** Undefined: it is resolved already. */
export function resolved(before: Incident, by: string, at: number): Transition | undefined {
  return before.status === 'resolved' ? undefined : resolvedBy(before, by, Math.max(before.changedAt, at))
}

function resolvedBy(before: Incident, by: string, at: number): Transition {
  const history = noted(before, { at, what: 'resolved', text: by })
  const incident = { ...before, status: 'resolved', resolvedBy: by, escalateAt: null } as const
  return { incident: { ...incident, changedAt: at, history }, event: 'resolved' }
}

/** The next step of an incident that nobody acknowledged. */
export function escalated(before: Incident, steps: readonly EscalationStep[], now: number): Transition {
  const done = before.escalatedTo.length
  const step = steps.at(done)
  const next = steps.at(done + 1)
  if (step === undefined) return { incident: { ...before, escalateAt: null }, event: undefined }
  const incident: Incident = {
    ...before,
    changedAt: Math.max(before.changedAt, now),
    escalatedTo: [...before.escalatedTo, step.topic],
    escalateAt: next === undefined ? null : now + next.afterSeconds * 1000,
    history: noted(before, { at: now, what: 'escalated', text: step.topic }),
  }
  return { incident, event: 'escalated' }
}

/** The key of an incident's records. Alerts with the same key are in one partition. */
export const identityOf = ({ topic, key }: Pick<Incident, 'topic' | 'key'>): string => `${topic}/${key}`

/** Returns the subject, or the first line of a text, in one line. */
export function titleOf({ subject, message }: Pick<Notification, 'subject' | 'message'>): string {
  const line = (subject ?? message.trimStart().split('\n', 1)[0]).replaceAll(/\p{Cc}+/gu, ' ').trim()
  return line.length <= MAX_TITLE_CHARACTERS
    ? line
    : `${line.slice(0, MAX_TITLE_CHARACTERS - 1).toWellFormed()}…`
}

/** The first change says when it began, so it stays when others are forgotten. */
function noted({ history }: Incident, change: IncidentChange): IncidentChange[] {
  const all = [...history, change]
  return all.length <= MAX_HISTORY ? all : [all[0], ...all.slice(all.length - MAX_HISTORY + 1)]
}
