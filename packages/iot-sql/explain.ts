/** Explains why a condition is not true. */
import type { Compiler } from './compile/compiler.ts'
import { TooMuchWork } from './errors.ts'
import type { Evaluation } from './evaluation/evaluation.ts'
import type { Node } from './syntax/ast.ts'
import { childrenOf } from './syntax/fields.ts'
import { shorten } from './syntax/tokens.ts'
import { toBoolean } from './values/convert.ts'
import type { Value } from './values/value.ts'

/** Values that an explanation names. */
const MAX_NAMED = 6

/**
 * Names the first part of AND that is not true, and the values that it is made of:
 * "temperature > 50 is false: temperature is 40."
 */
export function explainCondition(
  condition: Node,
  newCompiler: () => Compiler,
  evaluation: Evaluation,
): string {
  const valueOf = (node: Node): Value => newCompiler().compile(node)(evaluation)
  const { source } = newCompiler()
  try {
    const part = culprit(condition, valueOf)
    const leaves = leavesOf(part).slice(0, MAX_NAMED)
    const named = leaves.map((leaf) => `${sourceOf(leaf, source)} is ${show(valueOf(leaf), evaluation)}`)
    const reasons = leaves.length === 0 || leaves[0] === part ? '' : `: ${named.join(', ')}`
    return `${sourceOf(part, source)} is ${show(valueOf(part), evaluation)}${reasons}.`
  } catch (error) {
    if (error instanceof TooMuchWork) return 'The condition takes too long to explain.'
    throw error
  }
}

/** AND is false if one of its sides is; otherwise a side that is neither true nor false is the reason. */
function culprit(condition: Node, valueOf: (node: Node) => Value): Node {
  const sides = sidesOf(condition)
  const values = sides.map((side) => toBoolean(valueOf(side)))
  const refused = values.indexOf(false)
  return sides[refused >= 0 ? refused : values.indexOf(undefined)]
}

/** The operands of a chain of AND, from the left. */
function sidesOf(condition: Node): readonly Node[] {
  const sides: Node[] = []
  const waiting = [condition]
  while (waiting.length > 0) {
    const next = waiting.pop()!
    if (next.kind === 'binary' && next.operator === 'AND') waiting.push(next.right, next.left)
    else sides.push(next)
  }
  return sides
}

/** The fields, variables and calls of an expression, each once. */
function leavesOf(node: Node): readonly Node[] {
  const leaves: Node[] = []
  const waiting = [node]
  while (waiting.length > 0) {
    const next = waiting.pop()!
    if (next.kind === 'field' || next.kind === 'member' || next.kind === 'variable' || next.kind === 'call')
      leaves.push(next)
    else waiting.push(...childrenOf(next).toReversed())
  }
  return leaves
}

function sourceOf({ at, end }: Node, source: string): string {
  return shorten(source.slice(at, end).replace(/\s+/g, ' '))
}

function show(value: Value, evaluation: Evaluation): string {
  if (value === undefined) return 'Undefined'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  evaluation.countValue(value)
  return shorten(JSON.stringify(value))
}
