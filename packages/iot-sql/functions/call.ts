/** Compiles calls of functions. */
import type { Compiler } from '../compile/compiler.ts'
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
import type { NodeOf } from '../syntax/ast.ts'
import type { Value } from '../values/value.ts'
import { FUNCTIONS } from './functions.ts'
import { REFUSED } from './refused.ts'

const STEPS_OF_CALL = 4

/** A function of SQL. Names are looked up in lower case. */
export interface SqlFunction {
  /** True for functions that SQL version 2015-10-08 does not have. */
  readonly since2016?: true
  /** The fewest and the most arguments. A call with another number of arguments is Undefined. */
  readonly arity: readonly [least: number, most: number]
  /** Computes the result. Undefined if an argument has a type that cannot be converted. */
  readonly call?: (args: readonly Value[], evaluation: Evaluation) => Value
  /** Compiles a call that depends on how its arguments are written. */
  readonly compile?: (call: NodeOf<'call'>, compiler: Compiler) => Expression
}

/** @throws SqlError for unknown and refused functions, and for those that the version does not have */
export function compileCall(node: NodeOf<'call'>, compiler: Compiler): Expression {
  const name = node.name.toLowerCase()
  const refused = REFUSED.get(name)
  if (refused !== undefined) throw compiler.failure(node, `The function ${name}`, refused)
  const found = FUNCTIONS.get(name)
  if (found === undefined)
    throw compiler.failure(node, `The function ${node.name}`, 'is not one of AWS IoT SQL')
  if (found.since2016 && compiler.version === '2015-10-08')
    throw compiler.failure(node, `The function ${name}`, 'needs SQL version 2016-03-23')
  const [least, most] = found.arity
  if (node.args.length < least || node.args.length > most) return () => undefined
  if (found.compile !== undefined) return found.compile(node, compiler)
  return callOf(
    found.call!,
    node.args.map((arg) => compiler.compile(arg)),
  )
}

function callOf(call: NonNullable<SqlFunction['call']>, args: readonly Expression[]): Expression {
  const steps = STEPS_OF_CALL + args.length
  const [first, second] = args
  if (args.length === 1)
    return (evaluation) => {
      evaluation.count(steps)
      return call([first(evaluation)], evaluation)
    }
  if (args.length === 2)
    return (evaluation) => {
      evaluation.count(steps)
      return call([first(evaluation), second(evaluation)], evaluation)
    }
  return (evaluation) => {
    evaluation.count(steps)
    return call(
      args.map((arg) => arg(evaluation)),
      evaluation,
    )
  }
}
