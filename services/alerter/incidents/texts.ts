/** The notifications that tell people of an incident. */
import type { Incident, Notification } from '@weir/contracts'
import type { Topic } from '../notifications/entries.ts'
import type { MessageAttribute } from '../notifications/publisher.ts'
import type { Event } from './incident.ts'
import { renderAll, type View } from './templates.ts'

export const INCIDENT_ID = 'weir.incident.id'
export const INCIDENT_EVENT = 'weir.incident.event'

/** The place of the HTML text among the texts of a message. */
const EMAIL_HTML = 'email-html'

/** Returns the HTML for e-mail; undefined if the message is none of an incident. Publishers cannot set the attribute. */
export function htmlIn({ message, perProtocol, attributes }: Notification): string | undefined {
  if (!perProtocol || !attributes.some(({ name }) => name === INCIDENT_ID)) return undefined
  const html = (JSON.parse(message) as Readonly<Record<string, unknown>>)[EMAIL_HTML]
  return typeof html === 'string' ? html : undefined
}

/** Returns the link by which people acknowledge an incident. */
export const linkTo = (publicUrl: string, { id, token }: Pick<Incident, 'id' | 'token'>): string =>
  `${publicUrl}/incidents/${id}?token=${token}`

/** @param topic the topic that is told: that of the incident, or one that it is escalated to */
export function notificationOf(
  incident: Incident,
  event: Event,
  topic: Topic,
  options: { readonly messageId: string; readonly at: number; readonly publicUrl: string },
): Notification {
  const { messageId, at, publicUrl } = options
  const view = viewOf(incident, event, linkTo(publicUrl, incident))
  const { subject, text, html, sms, json } = renderAll(topic.attributes.WeirTemplates, view)
  const texts = { default: json, email: text, [EMAIL_HTML]: html, sms, application: sms }
  return {
    messageId,
    topic: topic.name,
    topicId: topic.id,
    publishedAt: at,
    subject: subject === '' ? null : subject,
    message: JSON.stringify(texts),
    perProtocol: true,
    attributes: [
      ...incident.attributes,
      attribute(INCIDENT_ID, incident.id),
      attribute(INCIDENT_EVENT, event),
    ],
    groupId: null,
    deduplicationId: null,
    subscription: null,
    target: null,
    traceHeader: null,
  }
}

const attribute = (name: string, value: string): MessageAttribute => ({
  name,
  type: 'String',
  text: value,
  bytes: null,
})

function viewOf(incident: Incident, event: Event, link: string): View {
  const { id, topic, key, status, severity, title, message, alerts, acknowledgedBy, resolvedBy } = incident
  const openedAt = new Date(incident.openedAt).toISOString()
  // There is nothing left to acknowledge afterwards.
  const canAcknowledge = status === 'open'
  return {
    id,
    event,
    topic,
    key,
    status,
    severity,
    title,
    message,
    openedAt,
    alerts,
    acknowledgedBy,
    resolvedBy,
    link: canAcknowledge ? link : null,
  }
}

/** Templates are tried with these values when they are set: every field has characters that need escaping. */
export const SAMPLE_VIEW: View = {
  id: '3d0c5a86-58f2-4d7b-9d3b-0c7a0f6d2b11',
  event: 'opened',
  topic: 'operations',
  key: 'disk/host-7',
  status: 'open',
  severity: 'critical',
  title: 'A "title" with <characters> & \\ more',
  message: 'Two\nlines',
  openedAt: '2026-01-01T00:00:00.000Z',
  alerts: 1,
  acknowledgedBy: null,
  resolvedBy: null,
  link: 'https://example.com/incidents/3d0c5a86?token=sample',
}
