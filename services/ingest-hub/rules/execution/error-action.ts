/** The error action of a rule: once for a rule and a message, whatever the number of its actions that failed. */
import type { RuleActions } from '@weir/contracts'
import { Message } from '@weir/iot-sql'
import { Selected } from '../actions/action.ts'
import type { Engine } from '../engine.ts'
import { MAX_ACTIONS } from '../entries.ts'
import { Output, type OutputOptions } from '../output.ts'
import type { RuleSet } from '../rule-set.ts'

export interface ErrorActionOptions {
  readonly accountId: string
  readonly rules: Pick<RuleSet, 'compiled'>
  readonly engine: Pick<Engine, 'begin'>
  readonly output: () => OutputOptions
}

/** The number of the error action in its rule: behind all actions. */
const NUMBER = MAX_ACTIONS

/** Resolves when the action is done or stored; rejects if it is not known to be. */
export async function runErrorAction(options: ErrorActionOptions, record: RuleActions): Promise<void> {
  const { accountId, rules, engine, output } = options
  const found = rules.compiled(record.rule)
  if (found?.errorAction === undefined) return
  const out = new Output(output())
  out.begin()
  const selected = selectedOf(record, found.stored, accountId)
  const begun = engine.begin(found.errorAction, selected, NUMBER, out)
  if (typeof begun === 'string')
    out.store({
      ...record,
      payload: selected.payload,
      original: null,
      actions: [{ kind: found.errorAction.kind, parameters: begun }],
      failures: [],
      attempts: 0,
      isErrorAction: true,
    })
  const [error] = await out.settle()
  if (error !== undefined) throw error
}

/** The document has the form of AWS (AWS IoT developer guide, "Error handling"). Templates read it, too. */
function selectedOf(record: RuleActions, rule: Selected['rule'], accountId: string): Selected {
  const { topic, clientId, principal, traceId, original, failures, hops, receivedAt } = record
  const document = {
    ruleName: record.rule,
    topic,
    cloudwatchTraceId: traceId,
    clientId: clientId ?? 'N/A',
    base64OriginalPayload: (original ?? Buffer.alloc(0)).toString('base64'),
    failures: failures.map(({ action, resource, message }) => ({
      failedAction: action,
      failedResource: resource,
      errorMessage: message,
    })),
  }
  const payload = Buffer.from(JSON.stringify(document))
  return new Selected({
    rule,
    message: new Message({ topic, payload, clientId: clientId ?? undefined, principal, traceId }),
    lineage: { hops, made: { count: 0 } },
    receivedAt,
    context: { accountId, nowMs: Date.now() },
    result: document,
  })
}
