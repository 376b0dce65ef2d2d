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
export function explainCondition(condition: Node, compiler: Compiler, evaluation: Evaluation): string {
  try {
    const part = culprit(condition, compiler, evaluation)
    const value = compiler.compile(part)(evaluation)
    const named = leavesOf(part)
      .slice(0, MAX_NAMED)
      .map((leaf) => `${sourceOf(leaf, compiler)} is ${show(compiler.compile(leaf)(evaluation), evaluation)}`)
    const reasons = named.length === 0 || leavesOf(part)[0] === part ? '' : `: ${named.join(', ')}`
    return `${sourceOf(part, compiler)} is ${show(value, evaluation)}${reasons}.`
  } catch (error) {
    if (error instanceof TooMuchWork) return 'The condition takes too long to explain.'
    throw error
  }
}

/** AND is Undefined if one of its sides is, so that side is the reason even if the other one is false. */
function culprit(node: Node, compiler: Compiler, evaluation: Evaluation): Node {
  let part = node
  while (part.kind === 'binary' && part.operator === 'AND') {
    const left = toBoolean(compiler.compile(part.left)(evaluation))
    const right = toBoolean(compiler.compile(part.right)(evaluation))
    part = left === undefined || (left === false && right !== undefined) ? part.left : part.right
  }
  return part
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

function sourceOf({ at, end }: Node, { source }: Compiler): string {
  return shorten(source.slice(at, end).replace(/\s+/g, ' '))
}

function show(value: Value, evaluation: Evaluation): string {
  if (value === undefined) return 'Undefined'
  if (value instanceof Uint8Array) return `${value.length} bytes`
  evaluation.countValue(value)
  return shorten(JSON.stringify(value))
}
