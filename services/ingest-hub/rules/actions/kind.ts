/** The interface of a kind of actions. */
import type { Account } from '@weir/aws'
import type { Rule } from '@weir/iot-sql'
import type { Streams } from '@weir/streams'
import type { IntakeTopic } from '../../intake/intake.ts'
import type { Output } from '../output.ts'
import type { Selected } from './action.ts'

/** The dependencies with which actions are compiled. */
export interface ActionDeps {
  readonly account: Account
  /** The topics that clients may write to. */
  readonly topics: ReadonlyMap<string, IntakeTopic>
  readonly streams: Pick<Streams, 'get'>
}

/** Rendered parameters of an action, which are stored until the action is done. */
export type Parameters = Readonly<Record<string, unknown>>

export interface CompiledAction {
  readonly kind: string
  /** ARNs and Kafka topics over which the creator of the rule must have rights. */
  readonly resources: readonly string[]
  /**
   * Does the action, if it stays in Weir's Kafka; otherwise returns its parameters. Throws an ActionFailure.
   * @param number of the action in its rule
   */
  begin(selected: Selected, out: Output, number: number): Parameters | undefined
}

/** Compiles an action from its parameters in the API. Throws InvalidAction. */
export type CompileAction = (input: any, rule: Rule, deps: ActionDeps) => Omit<CompiledAction, 'kind'>
