/** Checks conditions that are well formed, and replaces their placeholders. The order of the checks is DynamoDB's. */
import { compare } from '../values/compare.ts'
import { Steps } from '../values/steps.ts'
import { type AttributeValue, TYPES, type Type, typeOf } from '../values/value.ts'
import type { Condition, Test } from './condition-syntax.ts'
import { checkReserved, isSamePath, type Path, printPath, resolvePath, resolveValue } from './paths.ts'
import type { Placeholders } from './placeholders.ts'
import type { Source } from './source.ts'
import type { Call, Operand } from './syntax.ts'

/** An operand without placeholders. */
export type Resolved =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly of: Resolved }

const OPERANDS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
}
const UPDATE_FUNCTIONS: readonly string[] = ['if_not_exists', 'list_append']
/** The developer guide allows this many ("Comparison operator and function reference"). */
export const MAX_IN_VALUES = 100

/** Returns the tests of a condition from left to right. */
export function testsOf(condition: Condition): Test[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.conditions.flatMap(testsOf)
    case 'not':
      return testsOf(condition.condition)
    default:
      return [condition]
  }
}

/** Checks all that does not depend on placeholders. Throws ItemError. */
export function checkForm(tests: readonly Test[], source: Source): void {
  const calls = tests.flatMap((test) => (test.kind === 'call' ? callsIn([test]) : callsIn(test.args)))
  for (const { name } of calls) {
    if (UPDATE_FUNCTIONS.includes(name))
      throw source.refuse(`The function is not allowed in a condition expression; function: ${name}`)
    if (!Object.hasOwn(OPERANDS, name)) throw source.refuse(`Invalid function name; function: ${name}`)
  }
  for (const test of tests) checkUse(test, source)
  for (const { args } of tests) for (const path of pathsIn(args)) checkReserved(path, source)
}

function callsIn(operands: readonly Operand[]): Call[] {
  return operands.flatMap((operand) => (operand.kind === 'call' ? [operand, ...callsIn(operand.args)] : []))
}

function pathsIn(operands: readonly Operand[]): (readonly (string | number)[])[] {
  return operands.flatMap((operand) => {
    if (operand.kind === 'path') return [operand.path]
    return operand.kind === 'call' ? pathsIn(operand.args) : []
  })
}

/** `size` is an operand, and all other functions are conditions. */
function checkUse(test: Test, source: Source): void {
  const misused =
    test.kind === 'call' && test.name === 'size'
      ? test
      : callsIn(test.args).find(({ name }) => name !== 'size')
  if (misused !== undefined)
    throw source.refuse(
      `The function is not allowed to be used this way in an expression; function: ${misused.name}`,
    )
}

/** Returns the operands of a test. Throws ItemError for those that it cannot have. */
export function resolveTest(test: Test, placeholders: Placeholders, source: Source): Resolved[] {
  const resolve = (operand: Operand): Resolved => {
    if (operand.kind === 'path')
      return { kind: 'path', path: resolvePath(operand.path, placeholders, source) }
    if (operand.kind === 'value')
      return { kind: 'value', value: resolveValue(operand.name, placeholders, source) }
    const args = operand.args.map(resolve)
    checkCount(operand, source)
    checkSize(args[0], source)
    return { kind: 'size', of: args[0] }
  }
  const operands = test.args.map(resolve)
  if (test.kind === 'call') checkCount(test, source)
  checkDistinct(test, operands, source)
  checkTypes(test, operands, source)
  return operands
}

function checkCount({ name, args }: Call, source: Source): void {
  if (args.length !== OPERANDS[name])
    throw source.refuse(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${args.length}`,
    )
}

function checkSize(operand: Resolved, source: Source): void {
  const type = knownType(operand)
  if (type === 'N' || type === 'BOOL' || type === 'NULL') throw wrongType('size', type, source)
}

function checkDistinct(test: Test, [first, ...others]: readonly Resolved[], source: Source): void {
  if (first.kind !== 'path') return
  const { path } = first
  if (!others.some((other) => other.kind === 'path' && isSamePath(path, other.path))) return
  throw source.refuse(
    `The first operand must be distinct from the remaining operands for this operator or function; operator: ${nameOf(test)}, first operand: ${printPath(path)}`,
  )
}

const nameOf = (test: Test): string =>
  test.kind === 'comparison' ? test.operator : test.kind === 'call' ? test.name : test.kind.toUpperCase()

function checkTypes(test: Test, operands: readonly Resolved[], source: Source): void {
  switch (test.kind) {
    case 'comparison':
      if (test.operator !== '=' && test.operator !== '<>') checkOrdered(test.operator, operands, source)
      break
    case 'between':
      checkOrdered('BETWEEN', operands, source)
      checkBounds(operands[1], operands[2], source)
      break
    case 'in':
      if (operands.length - 1 > MAX_IN_VALUES)
        throw source.refuse(
          `The IN operator is provided with too many operands; number of operands: ${operands.length - 1}`,
        )
      break
    case 'call':
      checkArguments(test.name, operands, source)
  }
}

function checkArguments(name: string, operands: readonly Resolved[], source: Source): void {
  if (name === 'attribute_exists' || name === 'attribute_not_exists') {
    if (operands[0].kind !== 'path')
      throw source.refuse(`Operator or function requires a document path; operator or function: ${name}`)
  } else if (name === 'begins_with') {
    for (const operand of operands) {
      const type = knownType(operand)
      if (type !== undefined && type !== 'S' && type !== 'B') throw wrongType(name, type, source)
    }
  } else if (name === 'attribute_type') checkTypeName(operands[1], source)
}

function checkTypeName(operand: Resolved, source: Source): void {
  const type = knownType(operand)
  if (operand.kind !== 'value' || !('S' in operand.value))
    throw wrongType('attribute_type', type ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}', source)
  if (!TYPES.includes(operand.value.S as Type))
    throw source.refuse(
      `Invalid attribute type name found; type: ${operand.value.S}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
    )
}

function checkOrdered(operator: string, operands: readonly Resolved[], source: Source): void {
  for (const operand of operands) {
    const type = knownType(operand)
    if (type !== undefined && type !== 'S' && type !== 'N' && type !== 'B')
      throw wrongType(operator, type, source)
  }
}

function checkBounds(lower: Resolved, upper: Resolved, source: Source): void {
  if (lower.kind !== 'value' || upper.kind !== 'value') return
  const shown = `lower bound operand: AttributeValue: ${printValue(lower.value)}, upper bound operand: AttributeValue: ${printValue(upper.value)}`
  if (typeOf(lower.value) !== typeOf(upper.value))
    throw source.refuse(`The BETWEEN operator requires same data type for lower and upper bounds; ${shown}`)
  if (compare(lower.value, upper.value, new Steps())! > 0)
    throw source.refuse(
      `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${shown}`,
    )
}

function printValue(value: AttributeValue): string {
  const text =
    'S' in value ? value.S : 'N' in value ? value.N : 'B' in value ? value.B.toString('base64') : ''
  return `{${typeOf(value)}:${text}}`
}

/** The type of an operand that does not depend on the item. */
function knownType(operand: Resolved): Type | undefined {
  if (operand.kind === 'value') return typeOf(operand.value)
  return operand.kind === 'size' ? 'N' : undefined
}

const wrongType = (name: string, type: string, source: Source): Error =>
  source.refuse(
    `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
  )
