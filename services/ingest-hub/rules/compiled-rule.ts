/** A rule that is ready to run. */
import { parseRule, type Rule } from '@weir/iot-sql'
import type { ActionDeps, CompiledAction } from './actions/kind.ts'
import { compileAction } from './actions/kinds.ts'
import type { StoredRule } from './entries.ts'

export interface CompiledRule {
  readonly stored: StoredRule
  readonly rule: Rule
  readonly actions: readonly CompiledAction[]
  readonly errorAction: CompiledAction | undefined
}

/** Throws SqlError for SQL, and InvalidAction for actions, that cannot be used. */
export function compileRule(stored: StoredRule, deps: ActionDeps): CompiledRule {
  const rule = parseRule(stored.sql, stored.sqlVersion)
  return {
    stored,
    rule,
    actions: stored.actions.map((action, i) => compileAction(action, `actions[${i}]`, rule, deps)),
    errorAction:
      stored.errorAction === null ? undefined : compileAction(stored.errorAction, 'errorAction', rule, deps),
  }
}
