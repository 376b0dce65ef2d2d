/** The record of a rule and a message: what is still to be done outside Kafka, and what has failed. */
import type { RuleActions } from '@weir/contracts'
import type { Selected } from './actions/action.ts'

const NOTHING = Buffer.alloc(0)

/** @param keepsOriginal whether the rule has an error action, which shows the payload of the message */
export function actionRecord(
  selected: Selected,
  actions: RuleActions['actions'],
  failures: RuleActions['failures'],
  keepsOriginal: boolean,
): RuleActions {
  const { rule, message, lineage, receivedAt } = selected
  const { clientId, principal, traceId } = message.fields
  return {
    rule: rule.name,
    topic: message.topic,
    clientId: clientId ?? null,
    principal: principal ?? '',
    traceId: traceId ?? '',
    receivedAt,
    // Without actions, only the failures count.
    payload: actions.length === 0 ? NOTHING : selected.payload,
    original: keepsOriginal ? message.payload : null,
    actions,
    failures,
    attempts: 0,
    hops: lineage?.hops ?? 0,
    isErrorAction: false,
  }
}
