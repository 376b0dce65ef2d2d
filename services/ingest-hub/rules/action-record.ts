/** The record of a rule and a message: what is still to be done outside Kafka, and what has failed. */
import type { RuleActions } from '@weir/contracts'
import type { Selected } from './actions/action.ts'

/** @param keepsOriginal whether the rule has an error action, which shows the payload of the message */
export function actionRecord(
  { rule, message, lineage, receivedAt, payload }: Selected,
  actions: RuleActions['actions'],
  failures: RuleActions['failures'],
  keepsOriginal: boolean,
): RuleActions {
  const { clientId, principal, traceId } = message.fields
  return {
    rule: rule.name,
    topic: message.topic,
    clientId: clientId ?? null,
    principal: principal ?? '',
    traceId: traceId ?? '',
    receivedAt,
    payload,
    original: keepsOriginal ? message.payload : null,
    actions,
    failures,
    attempts: 0,
    hops: lineage?.hops ?? 0,
    isErrorAction: false,
  }
}
