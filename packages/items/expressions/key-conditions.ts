/** KeyConditionExpression: a partition value, and a range of sort values. */
import { ItemError } from '../errors.ts'
import type { KeyCondition, SortCondition } from '../keys/range.ts'
import { checkKeyValue, type KeyAttribute, type KeySchema, type KeyValue } from '../keys/schema.ts'
import { type AttributeValue, typeOf } from '../values/value.ts'
import { checkForm, type Resolved, resolveTest, testsOf } from './condition-checks.ts'
import { type Condition, parseConditionSyntax, type Test } from './condition-syntax.ts'
import type { Placeholders } from './placeholders.ts'
import { Source } from './source.ts'

type Operator = SortCondition['operator']

/** The condition on one attribute of the key. */
interface AttributeCondition {
  readonly name: string
  readonly operator: Operator
  readonly values: readonly AttributeValue[]
}

const FIELD = 'KeyConditionExpression'
/** The operator that a comparison has when its operands are exchanged. */
const EXCHANGED: Readonly<Record<string, Operator>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

/** Throws ItemError for a text that is not such an expression, and for one that does not fit the key. */
export function parseKeyCondition(text: string, placeholders: Placeholders, schema: KeySchema): KeyCondition {
  const source = new Source(FIELD, text)
  const condition = parseConditionSyntax(source)
  const tests = testsOf(condition)
  checkForm(tests, source)
  const operands = tests.map((test) => resolveTest(test, placeholders, source))
  checkOperators(condition)
  const conditions = new Map<string, AttributeCondition>()
  tests.forEach((test, i) => {
    const one = conditionOf(test, operands[i])
    if (conditions.has(one.name)) throw new ItemError(`${FIELD}s must only contain one condition per key`)
    conditions.set(one.name, one)
  })
  if (conditions.size > 2) throw new ItemError('Conditions can be of length 1 or 2 only')
  return fitted(conditions, schema)
}

/** Throws ItemError for the first operator that an index cannot answer. */
function checkOperators(condition: Condition): void {
  if (condition.kind === 'and') {
    condition.conditions.forEach(checkOperators)
    return
  }
  const { kind } = condition
  const other =
    kind === 'comparison'
      ? condition.operator === '<>' && '<>'
      : kind === 'call'
        ? condition.name !== 'begins_with' && condition.name
        : kind !== 'between' && kind.toUpperCase()
  if (other) throw new ItemError(`Invalid operator used in ${FIELD}: ${other}`)
}

function conditionOf(test: Test, operands: readonly Resolved[]): AttributeCondition {
  const operator: Operator =
    test.kind === 'comparison'
      ? (test.operator as Operator)
      : test.kind === 'between'
        ? 'BETWEEN'
        : 'begins_with'
  if (operands[0].kind !== 'path' && test.kind !== 'comparison')
    throw new ItemError(
      `Invalid condition in ${FIELD}: ${operator} operator must have the key attribute as its first operand`,
    )
  const paths = operands.filter((operand) => operand.kind === 'path')
  if (operands.some(({ kind }) => kind === 'size'))
    throw new ItemError(`${FIELD}s cannot contain nested operations`)
  if (paths.length > 1)
    throw new ItemError(`Invalid condition in ${FIELD}: Multiple attribute names used in one condition`)
  if (paths.length === 0) throw new ItemError(`Invalid condition in ${FIELD}: No key attribute specified`)
  const [{ path }] = paths
  if (path.length > 1) throw new ItemError(`${FIELD}s cannot have conditions on nested attributes`)
  return {
    name: path[0] as string,
    operator: operands[0].kind === 'path' ? operator : EXCHANGED[operator],
    values: operands.flatMap((operand) => (operand.kind === 'value' ? [operand.value] : [])),
  }
}

function fitted(conditions: ReadonlyMap<string, AttributeCondition>, schema: KeySchema): KeyCondition {
  const { partition, sort } = schema
  if (sort === undefined && conditions.size > 1) throw unsupported()
  const onPartition = conditions.get(partition.name) ?? missed(partition)
  checkValues(onPartition, partition)
  if (onPartition.operator !== '=') throw unsupported()
  const value = onPartition.values[0] as KeyValue
  if (sort === undefined || conditions.size === 1) return { partition: value }
  const onSort = conditions.get(sort.name) ?? missed(sort)
  checkValues(onSort, sort)
  const { operator, values } = onSort
  const [lower, upper] = values as readonly KeyValue[]
  return {
    partition: value,
    sort: operator === 'BETWEEN' ? { operator, lower, upper } : { operator, value: lower },
  }
}

const unsupported = (): ItemError => new ItemError('Query key condition not supported')

function missed({ name }: KeyAttribute): never {
  throw new ItemError(`Query condition missed key schema element: ${name}`)
}

function checkValues({ values }: AttributeCondition, { name, type }: KeyAttribute): void {
  for (const value of values) {
    if (typeOf(value) !== type)
      throw new ItemError(
        'One or more parameter values were invalid: Condition parameter type does not match schema type',
      )
    checkKeyValue(name, value as KeyValue)
  }
}
